"""Reads a little ahead, in a thread of its own, and has what was read prepared."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
# Called with an item where it is read; what it gives is waited for before the item is used.
Prepare = Callable[[Item], Callable[[], object] | None]
DEPTH = 8
_PATIENCE_S = 0.1


@contextmanager
def prefetch(
    items: Iterable[Item], prepare: Prepare[Item], depth: int = DEPTH
) -> Iterator[Iterator[Item]]:
    """The same items in the same order, read and prepared before they are asked for.

    An error while reading reaches the reader of the items, after those that came before it.

    Args:
        items: taken in a thread.
        prepare: called in that thread with each item; it may leave the work to other threads,
            and give what waits for them.
        depth: how many may wait.
    """
    reader = _Reader(items, prepare, depth)
    try:
        yield reader.taken()
    finally:
        reader.stop()


class _Reader(Generic[Item]):
    def __init__(self, items: Iterable[Item], prepare: Prepare[Item], depth: int) -> None:
        self._items = items
        self._prepare = prepare
        self._queue: queue.Queue[tuple[str, Any, Any]] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="read ahead", daemon=True)
        self._thread.start()

    def taken(self) -> Iterator[Item]:
        while True:
            kind, value, is_ready = self._queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            if is_ready is not None:
                is_ready()
            yield value

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put("item", item, self._prepare(item)):
                    return
        except BaseException as error:  # noqa: BLE001 (it is raised where the items are used)
            self._put("error", error)
        else:
            self._put("end", None)

    def _put(self, kind: str, value: Any, is_ready: Any = None) -> bool:
        """Wait for room; False where nobody wants more."""
        while not self._stopped.is_set():
            try:
                self._queue.put((kind, value, is_ready), timeout=_PATIENCE_S)
            except queue.Full:
                continue
            return True
        return False

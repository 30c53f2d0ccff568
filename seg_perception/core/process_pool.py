"""Processes that work beside this one, and do not outlive what they work for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext
from typing import Any

# A fork would share the threads and locks of inference libraries.
SPAWN: SpawnContext = multiprocessing.get_context("spawn")


@contextmanager
def process_pool(
    count: int, initializer: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """So many new processes; whatever is raised inside ends them with their work undone.

    Args:
        count: how many.
        initializer: called with `arguments` in each of them first.
        arguments: see there.
    """
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(count, SPAWN, initializer, arguments) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()  # a signal that ends us does not reach them
            raise

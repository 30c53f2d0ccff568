"""How the C library deals with memory that was freed."""

from __future__ import annotations

import ctypes
import gc

# malloc.h; the largest block can't be more than this on 64 bits.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST_BYTES = 32 << 20
_KEPT_BYTES = 128 << 20


def keep_freed_memory() -> bool:
    """Let this process use the memory of one image for the next, in place of returning it.

    By default glibc gives large blocks back to the system when they are freed; then every
    page of the next message is mapped anew, which costs more than all copying of it
    (docs/explanation/dds_costs.md has figures). Up to 128 MB stay with the process.

    All threads share one heap: each activation has threads of its own, and glibc would give each
    of them a heap that keeps what it once held; only one can be trimmed
    (docs/explanation/soak.md has figures). To be called before there are other threads.

    Returns:
        False where the C library has no such setting; nothing is changed then.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = (
        (_M_MMAP_THRESHOLD, _LARGEST_BYTES),
        (_M_TRIM_THRESHOLD, _KEPT_BYTES),
        (_M_ARENA_MAX, 1),
    )
    return all(mallopt(option, value) == 1 for option, value in wanted)


def return_freed_memory() -> None:
    """Give back what nobody uses: after a component of a node has ended, not while it works.

    Python looks for dead cycles by the number of objects, and a few of ours hold an engine and
    rings of images. What the C library then has free lies between blocks in use: without being
    told to, it returns none of that, and twenty reloads of a model took 600 MB (`python -m soak`).
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Litter:
    """What a step of a node left behind: given back at once, and again a little later.

    While a callback runs, its executor holds the timers and subscriptions among which it chose
    it, also those that the callback destroys, and with them everything that they call. The
    executor's second round after it holds them no longer.
    """

    _ROUNDS = 2

    def __init__(self) -> None:
        """Nothing was left yet."""
        self._rounds = 0

    def clear(self) -> None:
        """Something has ended."""
        return_freed_memory()
        self._rounds = self._ROUNDS

    def look(self) -> None:
        """Called by the executor from time to time."""
        if self._rounds:
            self._rounds -= 1
            if not self._rounds:
                return_freed_memory()

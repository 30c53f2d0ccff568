"""What was read of a recording when it was opened, for whoever opens it again in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Index = TypeVar("Index")
# A long recording's index takes some ten megabytes.
_KEPT = 8
_lock = threading.Lock()
_indexes: OrderedDict[tuple[Any, ...], Any] = OrderedDict()


def indexed(path: Path, read: Callable[[], Index]) -> Index:
    """What `read` gives for a file, which is read once while the file stays as it is.

    Args:
        path: of the file.
        read: reads its index, which nobody changes afterwards.

    Raises:
        OSError: the file is not there; whatever `read` raises, which is not kept.
    """
    found = path.stat()
    key = (str(path.resolve()), read.__qualname__, found.st_ino, found.st_size, found.st_mtime_ns)
    with _lock:
        if key in _indexes:
            _indexes.move_to_end(key)
            known: Index = _indexes[key]
            return known
    index = read()
    with _lock:
        _indexes[key] = index
        while len(_indexes) > _KEPT:
            _indexes.popitem(last=False)
    return index

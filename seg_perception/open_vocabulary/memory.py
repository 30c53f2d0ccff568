"""Whether there is memory for pictures, asked before the system ends the process for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.open_vocabulary.frames import NamedFrame

_MEMINFO = Path("/proc/meminfo")
# A deciding picture has four maps of floats, two of indices, masks, and its overlay.
_BYTES_PER_PIXEL = 64


def available_bytes() -> int:
    """What the system says is available; where it says nothing, no bound."""
    if _MEMINFO.is_file():
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    return 1 << 62


def expect_memory_for(frames: Sequence[NamedFrame]) -> None:
    """Refuse pictures that can't be decided here.

    Args:
        frames: of one size.

    Raises:
        OpenVocabularyError: memory does not suffice for one of them.
    """
    height, width = frames[0].image.shape[:2]
    needed, free = height * width * _BYTES_PER_PIXEL, available_bytes()
    if needed > free:
        msg = (
            f"{frames[0].name}: a picture of {width}x{height} needs {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free; make the pictures smaller"
        )
        raise OpenVocabularyError(msg)

"""Structured points as PCD and PLY files, binary, one block after the header.

PCD as of The PCD (Point Cloud Data) file format, version 0.7 (Point Cloud Library); PLY as of
Greg Turk, The PLY Polygon File Format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ConfigError

_PLY_NAMES = {
    "i1": "char",
    "u1": "uchar",
    "i2": "short",
    "u2": "ushort",
    "i4": "int",
    "u4": "uint",
    "f4": "float",
    "f8": "double",
}
_PCD_TYPES = {"i": "I", "u": "U", "f": "F"}
_PACKED_COLOR = "rgb"


def check_point_file(path: Path) -> None:
    """Refuse a path that can't become a point file, before there is anything to write.

    Raises:
        ConfigError: another ending than .pcd or .ply, no such folder, or the file is there.
    """
    if path.suffix.lower() not in _WRITERS:
        msg = f"{path}: expected a file that ends in .pcd or .ply; rename it"
        raise ConfigError(msg)
    if not path.parent.is_dir():
        msg = f"{path}: expected an existing folder, {path.parent} is none; make it"
        raise ConfigError(msg)
    if path.exists():
        msg = f"{path} exists; expected the name of a new file, remove it or choose another"
        raise ConfigError(msg)


def write_points(path: Path, points: NDArray[Any], comments: Sequence[str] = ()) -> None:
    """Write points; the file has its name only when it is complete.

    Args:
        path: ends in .pcd or .ply.
        points: structured (N,), fields of one number each. `rgb`, float32-packed 0x00RRGGBB,
            becomes red, green and blue in a PLY file.
        comments: lines for the header, which readers of points pass over.

    Raises:
        ConfigError: the file can't be written.
    """
    check_point_file(path)
    header, body = _WRITERS[path.suffix.lower()](points, comments)
    write_file(path, header.encode() + np.ascontiguousarray(body).tobytes(), ConfigError)


def _pcd(points: NDArray[Any], comments: Sequence[str]) -> tuple[str, NDArray[Any]]:
    packed = _packed(points)
    types = [packed.dtype[name] for name in _names(packed)]
    header = [
        "# .PCD v0.7 - Point Cloud Data file format",
        *(f"# {line}" for line in comments),
        "VERSION 0.7",
        f"FIELDS {' '.join(_names(packed))}",
        f"SIZE {' '.join(str(kind.itemsize) for kind in types)}",
        f"TYPE {' '.join(_PCD_TYPES[kind.kind] for kind in types)}",
        f"COUNT {' '.join('1' for _ in types)}",
        f"WIDTH {len(packed)}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {len(packed)}",
        "DATA binary",
    ]
    return "\n".join(header) + "\n", packed


def _ply(points: NDArray[Any], comments: Sequence[str]) -> tuple[str, NDArray[Any]]:
    spread = _packed(_with_channels(points))
    properties = [
        f"property {_PLY_NAMES[spread.dtype[name].str[1:]]} {name}" for name in _names(spread)
    ]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *(f"comment {line}" for line in comments),
        f"element vertex {len(spread)}",
        *properties,
        "end_header",
    ]
    return "\n".join(header) + "\n", spread


_Writer = Callable[[NDArray[Any], Sequence[str]], tuple[str, NDArray[Any]]]
_WRITERS: Mapping[str, _Writer] = {
    ".pcd": _pcd,
    ".ply": _ply,
}


def _names(points: NDArray[Any]) -> tuple[str, ...]:
    return points.dtype.names or ()


def _packed(points: NDArray[Any]) -> NDArray[Any]:
    """The same fields side by side and little-endian."""
    kinds = [(name, points.dtype[name].newbyteorder("<")) for name in _names(points)]
    return points.astype(np.dtype(kinds))


def _with_channels(points: NDArray[Any]) -> NDArray[Any]:
    """The packed colour as three bytes, as PLY has it."""
    kinds: list[tuple[str, Any]] = []
    for name in _names(points):
        if name == _PACKED_COLOR:
            kinds += [(channel, "u1") for channel in ("red", "green", "blue")]
        else:
            kinds.append((name, points.dtype[name]))
    spread = np.zeros(points.shape, np.dtype(kinds))
    for name in _names(points):
        if name != _PACKED_COLOR:
            spread[name] = points[name]
            continue
        color = points[name].astype("<f4").view("<u4")
        for channel, shift in (("red", 16), ("green", 8), ("blue", 0)):
            spread[channel] = color >> shift & 0xFF
    return spread

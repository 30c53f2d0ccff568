"""Reads point files into structured points: binary ones here, all others by Open3D.

Binary PCD and PLY, as `point_files` writes them, are read here: Open3D leaves out the class ids of
a PLY file (it has no unsigned 32-bit numbers there), and many robots have no Open3D.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.io.open3d_points import read_by_open3d

_MOST_HEADER_BYTES = 1 << 24
_PLY_TYPES = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_PCD_KINDS = {"I": "i", "U": "u", "F": "f"}
_ENDINGS = (".ply", ".pcd")


class _UnknownLayoutError(Exception):
    """A point file of another kind: text, compressed, with faces."""


@dataclass(frozen=True, eq=False)
class PointFile:
    """What a point file holds.

    Attributes:
        points: structured (N,), fields as the file names them.
        comments: of its header, without their marks.
    """

    points: NDArray[Any]
    comments: tuple[str, ...]

    @property
    def xyz(self) -> NDArray[np.float32]:
        """float32 (N, 3), metre, in the frame that the file was written in."""
        return np.stack([self.points[name].astype(np.float32) for name in "xyz"], axis=1)

    @property
    def labels(self) -> NDArray[np.uint16] | None:
        """Class ids, uint16 (N,); None where the file has none that can be ids."""
        if "label" not in self._names:
            return None
        values = self.points["label"]
        fits = not len(values) or (values.min() >= 0 and values.max() < 1 << 16)
        return values.astype(np.uint16) if fits else None

    @property
    def colors(self) -> NDArray[np.uint8] | None:
        """uint8 (N, 3), RGB; None where the file has none."""
        if {"red", "green", "blue"} <= self._names:
            channels = [self.points[name].astype(np.uint8) for name in ("red", "green", "blue")]
            return np.stack(channels, axis=1)
        if "rgb" not in self._names or self.points.dtype["rgb"].itemsize != 4:
            return None
        packed = np.ascontiguousarray(self.points["rgb"]).view(np.uint32)
        return np.stack([packed >> 16, packed >> 8, packed], axis=1).astype(np.uint8)

    @property
    def _names(self) -> set[str]:
        return set(self.points.dtype.names or ())


def is_point_file(path: Path) -> bool:
    """Whether a path is called like a point file."""
    return path.suffix.lower() in _ENDINGS


def read_points(path: Path) -> PointFile:
    """Read a point file.

    Raises:
        ConfigError: it can't be opened, is damaged, or has no x, y and z.
        SegPerceptionError: it needs Open3D, which is not there.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: {error.strerror}; expected a .ply or .pcd file"
        raise ConfigError(msg) from error
    read = _read_ply if path.suffix.lower() == ".ply" else _read_pcd
    try:
        found = read(data, path)
    except _UnknownLayoutError:
        found = PointFile(read_by_open3d(path), ())
    if missing := [name for name in "xyz" if name not in (found.points.dtype.names or ())]:
        msg = f"{path}: expected points with x, y and z, {', '.join(missing)} is missing"
        raise ConfigError(msg)
    return found


def _read_ply(data: bytes, path: Path) -> PointFile:
    lines, body = _header(data, b"end_header", path)
    if lines[0] != "ply":
        msg = f"{path}: expected a PLY file, it begins with {lines[0][:20]!r}"
        raise ConfigError(msg)
    elements = [line.split() for line in lines if line.startswith("element ")]
    properties = [line.split() for line in lines if line.startswith("property ")]
    plain = len(elements) == 1 and all(len(p) == 3 for p in properties)
    if "format binary_little_endian 1.0" not in lines or not plain:
        raise _UnknownLayoutError
    layout = [(name, _ply_type(kind, path)) for _, kind, name in properties]
    comments = [line.removeprefix("comment ") for line in lines if line.startswith("comment ")]
    return PointFile(_points(body, layout, elements[0][-1], path), tuple(comments))


def _read_pcd(data: bytes, path: Path) -> PointFile:
    lines, body = _header(data, b"DATA", path)
    entries = {line.split()[0]: line.split()[1:] for line in lines if line and line[0] != "#"}
    if entries.get("DATA") != ["binary"] or set(entries.get("COUNT", ["1"])) != {"1"}:
        raise _UnknownLayoutError
    try:
        kinds = zip(entries["TYPE"], entries["SIZE"], strict=True)
        types = [np.dtype(f"<{_PCD_KINDS[kind]}{size}") for kind, size in kinds]
        layout = list(zip(entries["FIELDS"], types, strict=True))
        count = entries["POINTS"][0]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        msg = f"{path}: its header is damaged ({error}); expected a PCD 0.7 file"
        raise ConfigError(msg) from error
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    return PointFile(_points(body, layout, count, path), tuple(comments))


def _header(data: bytes, last: bytes, path: Path) -> tuple[list[str], memoryview]:
    """The lines up to the one that begins with `last`, that one included, and what follows."""
    end = -1 if data.startswith(last) else data.find(b"\n" + last, 0, _MOST_HEADER_BYTES)
    stop = data.find(b"\n", end + 1)
    if end < 0 or stop < 0:
        msg = f"{path}: expected a line {last.decode()}; this is no point file, or a damaged one"
        raise ConfigError(msg)
    lines = data[:stop].decode(errors="replace").splitlines()
    return [line.strip() for line in lines], memoryview(data)[stop + 1 :]


def _ply_type(kind: str, path: Path) -> np.dtype[Any]:
    if kind not in _PLY_TYPES:
        msg = f"{path}: expected one of the types {sorted(_PLY_TYPES)}, got {kind}"
        raise ConfigError(msg)
    return np.dtype(f"<{_PLY_TYPES[kind]}")


def _points(
    body: memoryview, layout: Sequence[tuple[str, Any]], count: str, path: Path
) -> NDArray[Any]:
    """The points behind a header, checked against the length of the file."""
    if not layout or _repeated(name for name, _ in layout) or not count.isdecimal():
        msg = f"{path}: its header is damaged; expected fields of different names and their number"
        raise ConfigError(msg)
    dtype = np.dtype(list(layout))
    if int(count) * dtype.itemsize > len(body):
        msg = (
            f"{path}: expected {count} points of {dtype.itemsize} bytes, the file ends after "
            f"{len(body) // dtype.itemsize}; write it anew"
        )
        raise ConfigError(msg)
    return np.frombuffer(body, dtype, int(count))


def _repeated(names: Iterable[str]) -> bool:
    seen = list(names)
    return len(set(seen)) < len(seen)

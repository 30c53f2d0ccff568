"""Point files that need Open3D: text, compressed, with faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.io.open3d_library import load_open3d

_COORDINATES = ("x", "y", "z")
_CHANNELS = ("red", "green", "blue")


def read_by_open3d(path: Path) -> NDArray[Any]:
    """The points of a file, structured (N,): x, y, z, colours as bytes, and what else it has.

    Raises:
        ConfigError: Open3D can't read it, either.
        SegPerceptionError: Open3D is not there.
    """
    open3d = load_open3d(f"{path}, which is no plain binary file,")
    try:
        cloud = open3d.t.io.read_point_cloud(str(path))
        found = {str(name): tensor.numpy() for name, tensor in cloud.point.items()}
    except RuntimeError as error:
        msg = f"{path}: Open3D can't read it ({_first_line(error)}); expected a PLY or PCD file"
        raise ConfigError(msg) from error
    if "positions" not in found or not len(found["positions"]):
        msg = f"{path}: expected points, Open3D finds none in it"
        raise ConfigError(msg)
    return _structured(found)


def _structured(found: dict[str, NDArray[Any]]) -> NDArray[Any]:
    columns: dict[str, NDArray[Any]] = {}
    for name, values in found.items():
        if name == "positions":
            columns.update(zip(_COORDINATES, values.T, strict=True))
        elif name == "colors":
            columns.update(zip(_CHANNELS, _as_bytes(values).T, strict=True))
        elif values.ndim == 2 and values.shape[1] == 1:
            columns[name] = values[:, 0]
    dtype = np.dtype([(name, values.dtype) for name, values in columns.items()])
    points = np.zeros(len(found["positions"]), dtype)
    for name, values in columns.items():
        points[name] = values
    return points


def _as_bytes(colors: NDArray[Any]) -> NDArray[np.uint8]:
    """Colours of 0 to 255; of floats, which Open3D has from 0 to 1."""
    scale = 255 if np.issubdtype(colors.dtype, np.floating) else 1
    whole: NDArray[np.uint8] = np.rint(colors * scale).clip(0, 255).astype(np.uint8)
    return whole


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:160]

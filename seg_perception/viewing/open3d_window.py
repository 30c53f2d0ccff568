"""A map in a window of Open3D's: the mouse turns it, and each class can be switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.io.open3d_library import load_open3d
from seg_perception.io.point_file_reader import PointFile, read_points
from seg_perception.viewing.map_view import map_classes
from seg_perception.viewing.point_colors import height_colors
from seg_perception.viewing.rerun_library import expect_display

_SIZE_PX = (1440, 900)
_GROUND_RGBA = (0.05, 0.05, 0.06, 1.0)
_UNKNOWN_RGB = np.array([90, 90, 90], np.uint8)


def show_map(path: Path, ontology: Ontology | None) -> None:
    """Show a point file until its window is closed.

    Args:
        path: ends in .ply or .pcd.
        ontology: names and colours of the classes; None: as the file has them.

    Raises:
        ConfigError: the file can't be read.
        SegPerceptionError: there is no display, or no Open3D.
    """
    open3d = load_open3d("view --open3d")
    expect_display()
    found = read_points(path)
    parts = list(map_parts(open3d, found, map_classes(found, ontology, path)))
    width, height = _SIZE_PX
    open3d.visualization.draw(
        parts,
        title=str(path),
        width=width,
        height=height,
        show_ui=True,
        show_skybox=False,
        bg_color=_GROUND_RGBA,
        point_size=3,
        **_first_look(found.xyz),
    )


def map_parts(open3d: Any, found: PointFile, classes: Ontology | None) -> Iterator[dict[str, Any]]:
    """A cloud of Open3D's for each class that occurs, with its name; one for all without classes.

    Args:
        open3d: the module.
        found: the points.
        classes: names and colours of their labels; None where nobody names them.
    """
    xyz, labels = found.xyz, found.labels
    if classes is None or labels is None:
        colors = found.colors if found.colors is not None else height_colors(xyz)
        yield _part(open3d, "points", xyz, colors)
        return
    for class_id in np.unique(labels).tolist():
        here = labels == class_id
        known = class_id in classes.names
        rgb = classes.palette[class_id] if known else _UNKNOWN_RGB
        name = classes.names.get(class_id, f"unknown ({class_id})")
        colors = np.broadcast_to(rgb, (int(here.sum()), 3))
        yield _part(open3d, name, xyz[here], colors)


def _part(
    open3d: Any, name: str, xyz: NDArray[np.float32], colors: NDArray[np.uint8]
) -> dict[str, Any]:
    cloud = open3d.t.geometry.PointCloud(open3d.core.Tensor(np.ascontiguousarray(xyz)))
    cloud.point.colors = open3d.core.Tensor(_linear(colors))
    material = open3d.visualization.rendering.MaterialRecord()
    material.shader = "defaultUnlit"
    return {"name": name, "geometry": cloud, "material": material}


def _linear(colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Shares of light, float32 (N, 3), of sRGB colours: what the window's renderer takes."""
    shares = np.ascontiguousarray(colors, np.float32) / 255
    curved = ((shares + 0.055) / 1.055) ** 2.4
    linear: NDArray[np.float32] = np.where(shares <= 0.04045, shares / 12.92, curved)
    return linear.astype(np.float32, copy=False)


def _first_look(xyz: NDArray[np.float32]) -> dict[str, Any]:
    """From behind and above upon the middle of points, float32 (N, 3), whose z is up."""
    low, middle, high = np.percentile(xyz, (5, 50, 95), axis=0)
    reach = max(float(np.linalg.norm((high - low)[:2])), 1.0)
    eye = middle + np.array([-0.7, -0.7, 0.6]) * reach
    return {"lookat": middle.tolist(), "eye": eye.tolist(), "up": [0.0, 0.0, 1.0]}

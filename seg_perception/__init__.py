"""Semantic perception for field robots: labelled images and point clouds.

    from seg_perception import Model, read_bag

    model = Model("field_tiny")                                   # or a bundle's path
    labels = model.label(image)                                   # uint8 (H, W, 3), RGB
    cloud = model.paint(points, labels, camera, T_camera_lidar)   # (N, 3), metre

The package stays light to import: `ros2 topic echo` imports it for the messages alone. The names
below are imported when they are first used.
"""

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seg_perception.api import (
        Bag,
        BagCloud,
        BagImage,
        Camera,
        CloudLabels,
        ImageLabels,
        Model,
        PointStatus,
        SegPerceptionError,
        SegPerceptionWarning,
        View,
        read_bag,
    )

# A checkout on sys.path shadows the installed package; the generated
# `seg_perception.msg` of the installed one is still found through its path.
__path__ = extend_path(__path__, __name__)
__version__ = "0.2.0"
__all__ = [
    "Bag",
    "BagCloud",
    "BagImage",
    "Camera",
    "CloudLabels",
    "ImageLabels",
    "Model",
    "PointStatus",
    "SegPerceptionError",
    "SegPerceptionWarning",
    "View",
    "read_bag",
]

if not TYPE_CHECKING:  # so that a name that is not there is an error for type checkers

    def __getattr__(name: str) -> object:
        """Import the Python interface when one of its names is first asked for."""
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module("seg_perception.api"), name)


def __dir__() -> list[str]:
    """What is here, and what would be imported."""
    return sorted({*globals(), *__all__})

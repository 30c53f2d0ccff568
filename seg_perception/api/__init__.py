"""The Python interface: an image, a cloud, a bag in three lines; the same core as node and replay.

`seg_perception` itself offers these names; they are imported when they are first used.
"""

from seg_perception.api.bag import Bag, read_bag
from seg_perception.api.bag_message import BagCloud, BagImage
from seg_perception.api.camera import Camera
from seg_perception.api.cloud_labels import CloudLabels
from seg_perception.api.image_labels import ImageLabels
from seg_perception.api.model import Model
from seg_perception.api.notices import SegPerceptionWarning
from seg_perception.api.view import View
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.types import PointStatus

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

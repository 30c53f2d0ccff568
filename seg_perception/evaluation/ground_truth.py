"""Where the truth of a stream comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud
from seg_perception.datasets.viking_hill import CuboidLabeller, CuboidRules, read_cuboids
from seg_perception.evaluation.confusion import Labels
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.cloud_labels import ids_in
from seg_perception.io.images import decode_label_image
from seg_perception.io.pointcloud2 import decode_cloud

TRUTH_FIELDS = ("label", "label_id", "class_id")
VISIBLE_FIELD = "visible"


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """True labels of an image or a cloud.

    Attributes:
        labels: ids of the truth's ontology, (H, W) or (N,).
        visible: bool (N,), whether a camera sees the point; None where it is not said.
    """

    labels: Labels
    visible: NDArray[np.bool_] | None = None


class CloudGroundTruth(Protocol):
    """Tells the true labels of a cloud's points."""

    def of(self, message: Any, cloud: PointCloud, transforms: TransformTree) -> GroundTruth:
        """The truth of a cloud.

        Args:
            message: what came on the truth's topic; None where it has none.
            cloud: the labelled one.
            transforms: of its time.
        """
        ...


class FieldGroundTruth:
    """A cloud of the same points that has a field of labels."""

    def __init__(self, topic: str) -> None:
        """Remember the topic, for errors."""
        self._topic = topic

    def of(self, message: Any, cloud: PointCloud, transforms: TransformTree) -> GroundTruth:
        """Read the field.

        Raises:
            CloudError: it has none.
        """
        del cloud, transforms
        points = decode_cloud(message).points.reshape(-1)
        labels = ids_in(points, TRUTH_FIELDS, self._topic)
        names = points.dtype.names or ()
        return GroundTruth(labels, points[VISIBLE_FIELD] != 0 if VISIBLE_FIELD in names else None)


class CuboidGroundTruth:
    """Cuboids in a map."""

    def __init__(self, labeller: CuboidLabeller, inflation_m: float) -> None:
        """Take the cuboids, and by how much their faces are moved outwards."""
        self._labeller = labeller
        self._inflation_m = inflation_m

    def of(self, message: Any, cloud: PointCloud, transforms: TransformTree) -> GroundTruth:
        """Place the points in the map at the cloud's stamp.

        Raises:
            TransformError: it is not known where they are.
        """
        del message
        T = transforms.lookup(self._labeller.frame, cloud.frame_id, cloud.stamp_ns)
        xyz = cloud.xyz.astype(np.float64) @ T[:3, :3].T + T[:3, 3]
        return GroundTruth(self._labeller.label(xyz, self._inflation_m))


def load_cuboids(path: str, rules: str, sample: int, inflation_m: float) -> CuboidGroundTruth:
    """The truth that a file of cuboids is.

    Raises:
        DatasetError: it can't be read.
    """
    chosen = CuboidRules.load(rules)
    return CuboidGroundTruth(CuboidLabeller(read_cuboids(Path(path), sample), chosen), inflation_m)


def read_truth_image(message: Any) -> GroundTruth:
    """A label image.

    Raises:
        ImageError: it holds no labels.
    """
    return GroundTruth(decode_label_image(message))

"""What travels between the stages: frozen dataclasses of numpy arrays.

Arrays are checked once, here, when an object is made. Time is `stamp_ns: int`
(nanoseconds since the epoch of the sender's clock), colour is RGB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.picture_distance import PictureDistance
from seg_perception.core.picture_facts import PictureFacts

NANOSECONDS = 1_000_000_000


class PointStatus(IntEnum):
    """Why a point of a semantic cloud has its label, or has none."""

    LABELLED = 0
    OCCLUDED = 1
    OUT_OF_VIEW = 2
    INVALID = 3
    NO_LABEL_MAP = 4
    NO_TRANSFORM = 5
    UNCERTAIN = 6
    SELF = 7
    NO_CALIBRATION = 8
    NO_CONVENTION = 9
    CONTRADICTED = 10
    REMEMBERED = 11


def has_label(status: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which points have a label, seen or remembered, bool (N,); of uint8 (N,), PointStatus."""
    labelled: NDArray[np.bool_] = status == PointStatus.LABELLED
    labelled |= status == PointStatus.REMEMBERED
    return labelled


@dataclass(frozen=True)
class RegionOfInterest:
    """The part of the full sensor that was read out, in unbinned pixels."""

    x_offset: int = 0
    y_offset: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, eq=False)
class Calibration:
    """What sensor_msgs/CameraInfo says: the lens of the full-resolution sensor.

    Attributes:
        width, height: size of the full sensor (pixel).
        distortion_model: as sent: `plumb_bob`, `rational_polynomial`, `equidistant`, another name
            of one of them, or ``""``.
        d: float64 (n,), distortion coefficients.
        k: float64 (3, 3), intrinsic matrix for raw images (pixel).
        r: float64 (3, 3), rectification rotation.
        p: float64 (3, 4), projection matrix for rectified images (pixel).
        binning_x, binning_y: pixels merged into one; 0 and 1 both mean none.
        roi: read-out window; all zero means the full sensor.
        fisheye_angle_deg: of an equidistant lens, angle from the axis at which its picture ends,
            which CameraInfo does not say; 0: just before 90.
    """

    width: int
    height: int
    k: NDArray[np.float64]
    distortion_model: str = ""
    d: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    r: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    p: NDArray[np.float64] = field(default_factory=lambda: np.zeros((3, 4)))
    binning_x: int = 0
    binning_y: int = 0
    roi: RegionOfInterest = field(default_factory=RegionOfInterest)
    fisheye_angle_deg: float = 0.0

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            ValueError: a matrix of another shape.
        """
        _expect_shape("calibration k", self.k, (3, 3))
        _expect_shape("calibration r", self.r, (3, 3))
        _expect_shape("calibration p", self.p, (3, 4))

    def equals(self, other: Calibration) -> bool:
        """Whether every number is the same."""
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            if isinstance(getattr(self, field.name), np.ndarray)
            else getattr(self, field.name) == getattr(other, field.name)
            for field in fields(self)
        )


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """One image of one camera.

    Attributes:
        camera: the camera's name in the configuration.
        image: uint8 (H, W, 3), RGB.
        stamp_ns: time of exposure.
        frame_id: the frame the message names.
        calibration: the lens, or None while none was received.
    """

    camera: str
    image: NDArray[np.uint8]
    stamp_ns: int
    frame_id: str
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        """Check the image.

        Raises:
            ValueError: an image that is not uint8 (H, W, 3) or has no pixel.
        """
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            msg = f"image: expected uint8 (H, W, 3), got {self.image.dtype} {self.image.shape}"
            raise ValueError(msg)
        if self.image.size == 0:
            msg = f"image: expected at least one pixel, got {self.image.shape}"
            raise ValueError(msg)


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A segmented image.

    Attributes:
        camera: the camera's name in the configuration.
        labels: uint8 or uint16 (h, w), class ids of the model's ontology; its
            `unknown_id` where nothing was computed.
        confidence: uint8 (h, w), 255 is certain.
        stamp_ns, frame_id: of the image it was computed from.
        calibration: the lens scaled to (h, w); None without camera_info.
        picture: uint8 (h, w, 3), RGB, that the network was shown; None where its pixels are not
            those of the labels, and where nobody draws it.
        facts: what the image tells without a network; None where another machine had it.
        distance: from the pictures that the network was trained on; None where nobody knows.
        turned: the distance of the picture turned by 180 degrees; None where nobody looked.
        is_degraded: it can't be trusted: what could be driven on is unknown in it.
    """

    camera: str
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.uint8]
    stamp_ns: int
    frame_id: str
    calibration: Calibration | None = None
    picture: NDArray[np.uint8] | None = None
    facts: PictureFacts | None = None
    distance: PictureDistance | None = None
    turned: float | None = None
    is_degraded: bool = False

    def __post_init__(self) -> None:
        """Check that labels and confidence fit.

        Raises:
            ValueError: labels that are not uint8 or uint16 (h, w), or a confidence
                of another size.
        """
        if self.labels.ndim != 2 or self.labels.dtype not in (np.uint8, np.uint16):
            got = f"{self.labels.dtype} {self.labels.shape}"
            msg = f"labels: expected uint8 or uint16 (h, w), got {got}"
            raise ValueError(msg)
        _expect_shape("confidence", self.confidence, self.labels.shape)


@dataclass(frozen=True, eq=False)
class DepthImage:
    """One image of a depth camera.

    Attributes:
        values: uint16 or float32 (H, W), distance along the optical axis as sent; 0, the largest
            of 16 bits and what is not finite are no measurement.
        unit_m: values times this are metres.
        stamp_ns, frame_id: of the message.
        calibration: its own lens; None while none was received.
    """

    values: NDArray[np.uint16] | NDArray[np.float32]
    unit_m: float
    stamp_ns: int
    frame_id: str
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: neither uint16 nor float32 (H, W), or no pixel.
        """
        if self.values.ndim != 2 or self.values.dtype not in (np.uint16, np.float32):
            got = f"{self.values.dtype} {self.values.shape}"
            msg = f"depths: expected uint16 or float32 (H, W), got {got}"
            raise ValueError(msg)
        if self.values.size == 0:
            msg = f"depths: expected at least one pixel, got {self.values.shape}"
            raise ValueError(msg)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height (pixel)."""
        return self.values.shape[1], self.values.shape[0]


@dataclass(frozen=True, eq=False)
class PointCloud:
    """One scan, as its sender laid it out.

    Attributes:
        points: structured array (height, width); every field at the sender's offset,
            `itemsize` is the sender's point_step. An unordered cloud has height 1.
        stamp_ns: time of the scan's header.
        frame_id: the sensor's frame.
        is_dense: the sender's word that no point is NaN.
        remarks: what of the message was not as it should be, and how it was read.
    """

    points: NDArray[Any]
    stamp_ns: int
    frame_id: str
    is_dense: bool = False
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        """Check the layout.

        Raises:
            ValueError: an array without named fields, or not (height, width); no x, y
                and z, or one of several numbers.
        """
        if self.points.dtype.names is None or self.points.ndim != 2:
            got = f"{self.points.dtype} {self.points.shape}"
            msg = f"points: expected a structured (height, width) array, got {got}"
            raise ValueError(msg)
        missing = [name for name in "xyz" if name not in self.points.dtype.names]
        if missing:
            msg = (
                f"points: expected fields x, y and z, got {list(self.points.dtype.names)}; "
                "name a topic that carries them, or range, azimuth and elevation as floats"
            )
            raise ValueError(msg)
        for name in "xyz":
            if shape := self.points.dtype[name].shape:
                msg = f"points: expected {name} of one number, got {shape[0]}; check the driver"
                raise ValueError(msg)

    def __len__(self) -> int:
        """Count the points."""
        return int(self.points.size)

    @property
    def fields(self) -> tuple[str, ...]:
        """The sender's field names."""
        return tuple(self.points.dtype.names or ())

    @property
    def xyz(self) -> NDArray[np.float32]:
        """float32 (N, 3), metre, sensor frame: a view where x, y, z lie side by side.

        float64 coordinates and scattered ones are copied.
        """
        flat = self.points.reshape(-1)
        fields: Mapping[str, Any] = flat.dtype.fields or {}
        offsets = [fields[name][1] for name in "xyz"]
        side_by_side = all(fields[name][0] == np.float32 for name in "xyz") and (
            offsets[1] - offsets[0] == offsets[2] - offsets[1] == 4
        )
        if not side_by_side:
            return np.stack([flat[name].astype(np.float32) for name in "xyz"], axis=1)
        view = np.dtype(
            {
                "names": ["xyz"],
                "formats": [("<f4", (3,))],
                "offsets": [offsets[0]],
                "itemsize": flat.dtype.itemsize,
            }
        )
        triples: NDArray[np.float32] = flat.view(view)["xyz"]
        return triples


@dataclass(frozen=True, eq=False)
class SemanticCloud:
    """A cloud and what is known of each of its points.

    Attributes:
        sensor: the sensor's name in the configuration.
        cloud: the sender's cloud, untouched.
        labels: uint8 or uint16 (N,), class ids; the ontology's `unknown_id` where none.
        confidence: float32 (N,), 0 to 1; 0 where unknown.
        status: uint8 (N,), a PointStatus.
        sources: uint8 (N,), index into `cameras` of the camera that gave the label; 255 none, also
            where the label is a remembered one.
        cameras: names of the cameras that were looked at.
        moving: uint8 (N,), 1 what moves by itself, 0 what rests, 255 not known; None for
            sensors that do not measure speed.
        gaps_s: between the cloud's time and that of the label map of each of `cameras`.
        contradicted: of each of `cameras`, the share of the points it sees whose label can't be,
            0 to 1; empty where that is not tested.
        is_degraded: one of `cameras` could not be trusted.
        T_base_cloud: float64 (4, 4), the cloud at its stamp, seen from the robot's base frame;
            None where no output asks for it, or it is not known.
    """

    sensor: str
    cloud: PointCloud
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    status: NDArray[np.uint8]
    sources: NDArray[np.uint8]
    cameras: tuple[str, ...] = ()
    moving: NDArray[np.uint8] | None = None
    gaps_s: tuple[float, ...] = ()
    contradicted: tuple[float, ...] = ()
    is_degraded: bool = False
    T_base_cloud: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check that there is one of each for a point.

        Raises:
            ValueError: an array of another length than the cloud.
        """
        for name in ("labels", "confidence", "status", "sources"):
            _expect_shape(name, getattr(self, name), (len(self.cloud),))

    @property
    def seen_labels(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Labels (N,) of what cameras see now; unknown where they are remembered."""
        remembered = self.status == PointStatus.REMEMBERED
        if not remembered.any():
            return self.labels
        # The unknown id is the largest of its type.
        unknown = self.labels.dtype.type(np.iinfo(self.labels.dtype).max)
        return np.where(remembered, unknown, self.labels)

    def count(self, status: PointStatus) -> int:
        """Count the points of one status."""
        return int(np.count_nonzero(self.status == status))


def unknown_id(class_count: int) -> int:
    """The id of "not computed": 255, or 65535 above 255 classes."""
    return 255 if class_count <= 255 else 65535


def label_dtype(class_count: int) -> np.dtype[Any]:
    """The smallest type that holds the ids and `unknown_id`."""
    return np.dtype(np.uint8 if class_count <= 255 else np.uint16)


def clean_frame_id(frame_id: str) -> str:
    """A frame id without the leading slash that ROS 1 allowed and tf2 refuses."""
    return frame_id.lstrip("/")


def _expect_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        msg = f"{name}: expected shape {shape}, got {array.shape}"
        raise ValueError(msg)

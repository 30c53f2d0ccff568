"""What a bag holds, as found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.types import Calibration
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.parent_watch import ParentWatch


@dataclass(frozen=True)
class ImageFacts:
    """The first image of a topic; `problem` says why it can't be read, if so.

    Attributes:
        encoding: as the driver names it.
        width, height: pixels; 0 where they are not known.
        largest: value of its pixels, if they have 16 bits; else 0.
    """

    encoding: str
    width: int
    height: int
    problem: str = ""
    largest: int = 0


@dataclass(frozen=True)
class DepthFacts:
    """The first image of a topic, read as depths; `problem` says why it can't be, if so.

    Attributes:
        width, height: pixels.
        measured: share of the pixels that hold a depth.
        middle: median of their values, as sent; NaN where there is none.
        is_metric: the values are metres.
    """

    width: int
    height: int
    measured: float = 0.0
    middle: float = float("nan")
    is_metric: bool = False
    problem: str = ""


@dataclass(frozen=True)
class CameraInfoFacts:
    """The first camera_info of a topic; `problem` says what is wrong with it, if anything."""

    calibration: Calibration | None
    width: int
    height: int
    distortion_model: str
    problem: str = ""


@dataclass(frozen=True)
class CloudFacts:
    """The first cloud of a topic; `problem` says why it can't be read, if so.

    Attributes:
        fields: names as the driver has them.
        point_count: all, NaN included.
        finite_count: without NaN, and without beams that had no return.
        organised: in rows and columns.
        remarks: what is odd about it.
        time_remarks: what is odd about the times of its points.
        time_field: the per-point time; empty where there is none.
        doppler_field: the radial velocity; empty where there is none.
    """

    fields: tuple[str, ...]
    point_count: int
    time_field: str = ""
    doppler_field: str = ""
    finite_count: int = 0
    problem: str = ""
    organised: bool = False
    remarks: tuple[Remark, ...] = ()
    time_remarks: tuple[Remark, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same for machines; what is odd stands among the issues."""
        left_out = ("remarks", "time_remarks")
        return {name: value for name, value in vars(self).items() if name not in left_out}


@dataclass(frozen=True)
class TopicFacts:
    """A topic, and its first message where that is of a kind we read.

    Attributes:
        rate_hz: messages per second of the bag's duration.
        is_ours: whether it came out of this product.
        frame_id, stamp_ns, log_time_ns: of the first message; empty and 0 where not read.
    """

    name: str
    type: str
    count: int
    rate_hz: float
    frame_id: str = ""
    stamp_ns: int = 0
    log_time_ns: int = 0
    image: ImageFacts | None = None
    depth: DepthFacts | None = None
    camera_info: CameraInfoFacts | None = None
    cloud: CloudFacts | None = None
    is_ours: bool = False

    @property
    def delay_ns(self) -> int:
        """From the stamp to the recording."""
        return self.log_time_ns - self.stamp_ns


@dataclass(frozen=True)
class Edge:
    """A transform that was read."""

    parent: str
    child: str
    static: bool


@dataclass(frozen=True, eq=False)
class BagFacts:
    """Everything that was looked at.

    Attributes:
        edges: transforms, static ones first.
        tree: the transforms that were read: all static ones, the first seconds of the others.
        parents: who was said to be whose parent.
        transforms_until_ns: the stamp up to which transforms would have been seen.
        warnings: what the reader found amiss with the recording.
        issues: what was amiss with the transforms that were read.
    """

    path: Path
    duration_s: float
    message_count: int
    topics: Mapping[str, TopicFacts]
    edges: tuple[Edge, ...] = ()
    tree: TransformTree = field(default_factory=TransformTree)
    parents: ParentWatch = field(default_factory=lambda: ParentWatch(IssueLog()))
    transforms_until_ns: int = 0
    warnings: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def images(self) -> list[TopicFacts]:
        """Topics with images."""
        return [topic for topic in self.topics.values() if topic.image is not None]

    @property
    def camera_infos(self) -> list[TopicFacts]:
        """Topics with camera_info of cameras: not those of label images."""
        infos = [topic for topic in self.topics.values() if topic.camera_info is not None]
        return [topic for topic in infos if not topic.is_ours]

    @property
    def clouds(self) -> list[TopicFacts]:
        """Topics with point clouds."""
        return [topic for topic in self.topics.values() if topic.cloud is not None]

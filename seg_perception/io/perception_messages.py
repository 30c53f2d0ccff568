"""Messages of this package (`msg/*.msg`) as plain dataclasses, like the ones of `io.messages`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seg_perception.io.messages import Header, Message


@dataclass
class SemanticClass(Message):
    """One class of an ontology, or one group of a grouping."""

    type_name: ClassVar[str] = "seg_perception/msg/SemanticClass"
    id: int = 0
    name: str = ""
    color_rgb: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(3, np.uint8))


@dataclass
class SemanticGrouping(Message):
    """A coarser reading of an ontology."""

    type_name: ClassVar[str] = "seg_perception/msg/SemanticGrouping"
    name: str = ""
    groups: list[SemanticClass] = field(default_factory=list)
    group_ids: list[int] = field(default_factory=list)
    unknown_group_id: int = 0


@dataclass
class SemanticLegend(Message):
    """What the numbers in label images and semantic clouds mean."""

    type_name: ClassVar[str] = "seg_perception/msg/SemanticLegend"
    header: Header = field(default_factory=Header)
    ontology: str = ""
    ontology_sha256: str = ""
    unknown_id: int = 255
    unknown_color_rgb: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(3, np.uint8))
    classes: list[SemanticClass] = field(default_factory=list)
    groupings: list[SemanticGrouping] = field(default_factory=list)


@dataclass
class ReasonCount(Message):
    """How often something happened for one reason."""

    type_name: ClassVar[str] = "seg_perception/msg/ReasonCount"
    reason: str = ""
    count: int = 0


@dataclass
class StageLatency(Message):
    """How long one stage took (second)."""

    type_name: ClassVar[str] = "seg_perception/msg/StageLatency"
    stage: str = ""
    stream: str = ""
    count: int = 0
    p50_s: float = float("nan")
    p95_s: float = float("nan")
    p99_s: float = float("nan")


@dataclass
class StreamStatus(Message):
    """The account of one input."""

    type_name: ClassVar[str] = "seg_perception/msg/StreamStatus"
    name: str = ""
    topic: str = ""
    kind: int = 0
    received: int = 0
    published: int = 0
    in_flight: int = 0
    dropped: list[ReasonCount] = field(default_factory=list)
    lost_in_transport: int = 0
    points: list[ReasonCount] = field(default_factory=list)
    received_hz: float = 0.0
    published_hz: float = 0.0
    age_s: float = float("nan")


@dataclass
class SegmentationStatus(Message):
    """How a perception node is doing."""

    type_name: ClassVar[str] = "seg_perception/msg/SegmentationStatus"
    header: Header = field(default_factory=Header)
    bundle: str = ""
    bundle_sha256: str = ""
    ontology: str = ""
    engine: str = ""
    engine_state: int = 0
    engine_self_test: str = ""
    interval_s: float = 0.0
    streams: list[StreamStatus] = field(default_factory=list)
    latencies: list[StageLatency] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

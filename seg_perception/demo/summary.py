"""What the demo showed: every message accounted for, latencies, scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seg_perception.config import Config
from seg_perception.core.atomic_write import write_file
from seg_perception.core.durations import Percentiles
from seg_perception.core.errors import ReportError
from seg_perception.core.json_document import dump_json
from seg_perception.core.message_accounting import stream
from seg_perception.demo.scores import TopicScores
from seg_perception.outputs.labelled_video import VideoSummary
from seg_perception.outputs.topics import CameraTopics, cloud_topic


@dataclass(frozen=True)
class StreamAccount:
    """One input from the player through the node to the recorder.

    Attributes:
        sent: by the player.
        lost: in transport to the node, as the middleware says.
        received, published, dropped, in_flight: as the node counts them.
        recorded: results that reached the recorder.
        duration_s: length of the drive.
    """

    sent: int
    lost: int
    received: int
    published: int
    dropped: Mapping[str, int]
    in_flight: int
    recorded: int
    duration_s: float

    @property
    def complete(self) -> bool:
        """Whether every message is accounted for, from sender to recorder."""
        arrived = self.sent == self.received + self.lost
        balanced = self.received == self.published + sum(self.dropped.values()) + self.in_flight
        return arrived and balanced and self.recorded == self.published

    @property
    def rate_hz(self) -> float:
        """Results a second."""
        return self.published / self.duration_s if self.duration_s else 0.0


@dataclass(frozen=True)
class Reports:
    """What the three processes said at their ends, each on its own count."""

    player: Mapping[str, Any]
    node: Mapping[str, Any]
    recorder: Mapping[str, Any]


def account(config: Config, reports: Reports, duration_s: float) -> dict[str, StreamAccount]:
    """Put the reports of the three processes side by side."""
    ways = {
        stream("camera", n): (c.image_topic, CameraTopics.of(c).label_image)
        for n, c in config.cameras.items()
    }
    for kind, sensors in (("lidar", config.lidars), ("radar", config.radars)):
        ways.update({stream(kind, n): (s.topic, cloud_topic(s)) for n, s in sensors.items()})
    return {
        name: StreamAccount(
            sent=reports.player["sent"].get(source, 0),
            lost=reports.node["lost_in_transport"].get(name, 0),
            recorded=reports.recorder["recorded"].get(result, 0),
            duration_s=duration_s,
            **reports.node["streams"][name],
        )
        for name, (source, result) in ways.items()
    }


@dataclass(frozen=True)
class DemoSummary:
    """Everything that the demo measured.

    Attributes:
        labelled: the recording of the results.
        pictures: files, the most telling one first.
        reports: the processes' own.
        account: by stream.
        latency: from stamp to receipt, by topic of the results.
        scores: against the truth, by topic of the results.
        video: what became of the video; None where none was asked for.
    """

    labelled: Path
    pictures: tuple[Path, ...]
    reports: Reports
    account: Mapping[str, StreamAccount]
    latency: Mapping[str, Percentiles]
    scores: Mapping[str, TopicScores]
    video: VideoSummary | None = None

    @property
    def complete(self) -> bool:
        """Whether no message is unaccounted for."""
        return all(entry.complete for entry in self.account.values())

    @property
    def engine(self) -> str:
        """The engine in one line."""
        return str(self.reports.node.get("engine", ""))

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "labelled": str(self.labelled),
            "pictures": [str(picture) for picture in self.pictures],
            "engine": self.engine,
            "complete": self.complete,
            "streams": {
                name: {**asdict(entry), "complete": entry.complete, "rate_hz": entry.rate_hz}
                for name, entry in self.account.items()
            },
            "latency": {topic: asdict(figures) for topic, figures in self.latency.items()},
            "scores": {
                topic: {**asdict(scores), "mean_iou": scores.mean_iou}
                for topic, scores in self.scores.items()
            },
            "points": self.reports.node.get("points", {}),
            "reports": asdict(self.reports),
            **({"video": asdict(self.video)} if self.video else {}),
        }

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        write_file(file, dump_json(self.to_json()), ReportError)

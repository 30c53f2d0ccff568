"""What a replay did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seg_perception.core.durations import Percentiles
from seg_perception.core.issue_kinds.places import CONVENTION_FOUND
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import PointStatus
from seg_perception.outputs.labelled_video import VideoSummary
from seg_perception.pipeline.camera_watch import WatchState
from seg_perception.replay.map_file import MapSummary


@dataclass(frozen=True)
class ReplaySummary:
    """Figures of one replay.

    Attributes:
        bag, output: where it came from, where it went.
        engine: the engine in one line.
        duration_s: message time that was covered.
        wall_s: how long that took.
        streams: what became of the messages of each input.
        points: points by sensor and status.
        stray_times: by sensor, points whose time is that of another scan.
        disputed: by sensor, points to which two cameras gave different labels.
        degraded: by stream, pictures that could not be trusted, and clouds with labels of one.
        stages: how long the stages took.
        written: messages written by topic, without those passed on.
        issues: what was amiss, and what was found out.
        calibration: by camera, what the watch over its place came to; empty where none was kept.
        map, video: what became of the map of the whole bag, and of the video; None where none
            was asked for.
    """

    bag: Path
    output: Path
    engine: str
    duration_s: float
    wall_s: float
    streams: Mapping[str, StreamCount]
    points: Mapping[str, Mapping[PointStatus, int]]
    stray_times: Mapping[str, int]
    disputed: Mapping[str, int]
    degraded: Mapping[str, int]
    stages: Mapping[str, Percentiles]
    written: Mapping[str, int]
    issues: tuple[Issue, ...]
    calibration: Mapping[str, WatchState] = field(default_factory=dict)
    map: MapSummary | None = None
    video: VideoSummary | None = None

    @property
    def conventions(self) -> dict[str, str]:
        """By camera with `frame_convention: auto`, what was found, in words."""
        found = filter(self._is_found, self.issues)
        return {issue.stream.partition(".")[2]: issue.sentence for issue in found}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, one line per kind: single messages that were amiss."""
        return tuple(str(i) for i in self.issues if i.level != "error" and not self._is_found(i))

    @property
    def problems(self) -> tuple[str, ...]:
        """Inputs that came to nothing, and damage of the bag; empty when all is well."""
        return tuple(str(issue) for issue in self.issues if issue.level == "error")

    @staticmethod
    def _is_found(issue: Issue) -> bool:
        return issue.code == CONVENTION_FOUND.code

    @property
    def balanced(self) -> bool:
        """Whether no message is unaccounted for, and none is left in flight."""
        return all(c.balanced and c.in_flight == 0 for c in self.streams.values())

    def rate_hz(self, stream: str) -> float:
        """Published messages per second of message time."""
        return self.streams[stream].published / self.duration_s if self.duration_s else 0.0

    def to_json(self) -> dict[str, Any]:
        """The same for machines: only numbers, strings, lists and maps."""
        streams = {name: asdict(count) for name, count in self.streams.items()}
        return {
            "bag": str(self.bag),
            "output": str(self.output),
            "engine": self.engine,
            "duration_s": self.duration_s,
            "wall_s": self.wall_s,
            "balanced": self.balanced,
            "streams": {
                name: {**count, "published_hz": self.rate_hz(name)}
                for name, count in streams.items()
            },
            "points": {
                sensor: {status.name.lower(): n for status, n in counts.items()}
                for sensor, counts in self.points.items()
            },
            "stray_times": dict(self.stray_times),
            "disputed": dict(self.disputed),
            "degraded": dict(self.degraded),
            "conventions": self.conventions,
            "stages": {
                name: asdict(figures) for name, figures in self.stages.items() if figures.count
            },
            "written": dict(self.written),
            "issues": [issue.to_json() for issue in self.issues],
            "notes": list(self.notes),
            "problems": list(self.problems),
            "calibration": {name: state.to_json() for name, state in self.calibration.items()},
            **({"map": asdict(self.map)} if self.map else {}),
            **({"video": asdict(self.video)} if self.video else {}),
        }

"""What a replay did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seg_perception.core.durations import Percentiles
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import PointStatus
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
        conventions: by camera with `frame_convention: auto`, what was found, in words.
        stages: how long the stages took.
        written: messages written by topic, without those passed on.
        notes: single messages that were amiss, one line per kind.
        problems: inputs that came to nothing, and damage of the bag; empty when all is well.
        map: what became of the map of the whole bag; None where none was asked for.
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
    conventions: Mapping[str, str]
    stages: Mapping[str, Percentiles]
    written: Mapping[str, int]
    notes: tuple[str, ...]
    problems: tuple[str, ...]
    map: MapSummary | None = None

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
                sensor: {status.name.lower(): n for status, n in tally.items()}
                for sensor, tally in self.points.items()
            },
            "stray_times": dict(self.stray_times),
            "disputed": dict(self.disputed),
            "conventions": dict(self.conventions),
            "stages": {
                name: asdict(figures) for name, figures in self.stages.items() if figures.count
            },
            "written": dict(self.written),
            "notes": list(self.notes),
            "problems": list(self.problems),
            **({"map": asdict(self.map)} if self.map else {}),
        }

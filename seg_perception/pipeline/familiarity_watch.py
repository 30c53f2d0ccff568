"""Notices a camera whose pictures are unlike those that the model was trained on."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from seg_perception.core.issue_kinds.familiarity import UNFAMILIAR, WAS_UNFAMILIAR
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.lasting_faults import Lasting


@dataclass
class _Episode(Lasting):
    """A time in which a camera's pictures were beyond the edge, but for moments.

    Attributes:
        farthest: the largest distance.
    """

    farthest: float = 0.0

    @property
    def seconds(self) -> float:
        return (self.until_ns - self.since_ns) / NANOSECONDS


class FamiliarityWatch:
    """One episode a camera; one that lasts is said while it does, and counted when it is over."""

    def __init__(self, issues: IssueLog, *, is_trusted: bool = True) -> None:
        """Start without any picture.

        Args:
            issues: told of cameras.
            is_trusted: what unfamiliar pictures show may be free ground all the same.
        """
        self._issues = issues
        self._is_trusted = is_trusted
        self._lock = threading.Lock()
        self._episodes: dict[str, _Episode] = {}
        self._newest: dict[str, float] = {}

    def clear(self) -> None:
        """Forget what was seen: the clock jumped."""
        with self._lock:
            for camera in list(self._episodes):
                self._end(camera)
            self._newest.clear()

    def state(self) -> str:
        """All that is remembered, in words that are the same where it is the same."""
        with self._lock:
            return str(sorted(self._episodes.items()))

    @property
    def words(self) -> dict[str, str]:
        """By camera, how far its newest picture is, and since when it is too far."""
        with self._lock:
            return {camera: self._word(camera, far) for camera, far in self._newest.items()}

    def is_degraded(self, label_map: LabelMap) -> bool:
        """Take in a picture with its labels; whether they can't be trusted.

        One of which nothing is known says nothing.
        """
        if label_map.distance is None:
            return False
        with self._lock:
            self._take(label_map.camera, label_map.distance.whole, label_map.stamp_ns)
            episode = self._episodes.get(label_map.camera)
        return not self._is_trusted and episode is not None and episode.is_long

    def _take(self, camera: str, distance: float, stamp_ns: int) -> None:
        self._newest[camera] = distance
        if distance > 1:
            episode = self._episodes.setdefault(camera, _Episode(stamp_ns, stamp_ns))
            episode.see(stamp_ns)
            episode.farthest = max(episode.farthest, distance)
            if episode.is_long:
                seconds = round(episode.seconds)
                self._issues.hold(
                    UNFAMILIAR, stream("camera", camera), times=distance, seconds=seconds
                )
        elif (last := self._episodes.get(camera)) and last.is_over(stamp_ns):
            self._end(camera)

    def _end(self, camera: str) -> None:
        episode = self._episodes.pop(camera)
        if episode.is_long:
            name = stream("camera", camera)
            self._issues.release(UNFAMILIAR, name)
            self._issues.add(WAS_UNFAMILIAR, name, times=episode.farthest, seconds=episode.seconds)

    def _word(self, camera: str, distance: float) -> str:
        text = f"{distance:.2f} times the distance of known places"
        episode = self._episodes.get(camera)
        if episode is None or not episode.is_long:
            return text
        return f"{text}, unlike them since {episode.seconds:.0f} s"

"""The last frames of one camera, and what others say against them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from seg_perception.active_learning.candidate import Candidate
from seg_perception.active_learning.temporal_consistency import SmallLabels
from seg_perception.active_learning.view_agreement import Evidence
from seg_perception.fusion.view import PreparedLabelMap

# Clouds wait for a newer label map and its transforms; by then a camera may be some frames on.
_KEPT = 8


@dataclass(eq=False)
class TrackedFrame:
    """A frame whose neighbours are not all known yet.

    Attributes:
        candidate: what is known without them.
        time_ns: its corrected time.
        prepared: its labels, for clouds.
        small: its labels, for pictures.
        by_pixels: against the frame before, by pixels.
        by_points: against the frame before, by points that both saw.
        other_cameras: against other cameras, by points that both saw.
        follows: whether the frame before is a neighbour.
    """

    candidate: Candidate
    time_ns: int
    prepared: PreparedLabelMap
    small: SmallLabels
    follows: bool = False
    by_pixels: Evidence = field(default_factory=Evidence)
    by_points: Evidence = field(default_factory=Evidence)
    other_cameras: Evidence = field(default_factory=Evidence)

    @property
    def denied_before(self) -> float:
        """How much the frame before contradicts: by common points where there are any."""
        if not self.follows:
            return math.nan
        return self.by_points.share if self.by_points.total > 0 else self.by_pixels.share


class FrameTrack:
    """Frames of one camera in order of time."""

    def __init__(self) -> None:
        """Start without any."""
        self._frames: deque[TrackedFrame] = deque()

    @property
    def frames(self) -> list[TrackedFrame]:
        """Those that are not complete, the oldest first."""
        return list(self._frames)

    @property
    def last(self) -> TrackedFrame | None:
        """The newest frame."""
        return self._frames[-1] if self._frames else None

    def add(self, seen: TrackedFrame) -> Candidate | None:
        """Append a frame; the oldest one may be complete by that."""
        self._frames.append(seen)
        return self._pop() if len(self._frames) > _KEPT else None

    def finish(self) -> Iterator[Candidate]:
        """All frames that are left: there is no cloud to come for them."""
        while self._frames:
            yield self._pop()

    def around(self, time_ns: int) -> list[TrackedFrame]:
        """The two frames that follow each other nearest to a time; fewer where there are fewer."""
        frames = list(self._frames)
        pairs = list(pairwise(frames))
        if not pairs:
            return frames
        return list(min(pairs, key=lambda pair: sum(abs(s.time_ns - time_ns) for s in pair)))

    def _pop(self) -> Candidate:
        """The oldest frame with what its neighbours say.

        Both neighbours must deny it, where it has two: when the scene changes, only one does.
        """
        seen = self._frames.popleft()
        sides = [seen.denied_before]
        if self._frames:
            sides.append(self._frames[0].denied_before)
        known = [side for side in sides if not math.isnan(side)]
        in_time = min(known) if known else math.nan
        worst = max(
            (share for share in (in_time, seen.other_cameras.share) if not math.isnan(share)),
            default=math.nan,
        )
        return replace(seen.candidate, disagreement=worst)

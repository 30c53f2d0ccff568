"""Whether one camera still sits where it did: evidence of the last moments, suspicion, proof.

A cheap check of a few turns about the given one only raises suspicion. A camera is said to have
moved when two searches of the whole window, the second with new moments, find the same turn by the
rule that `check-calibration` goes by; to have another lens, when both find the same focal length.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.lens_search import LensSearch, search_lens
from seg_perception.alignment.local_check import LocalCheck, edges_in_view, local_sums
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.rotation_search import (
    AXES,
    NEAR_DEG,
    RotationSearch,
    search_rotation,
    turn,
)
from seg_perception.alignment.sums import Sums
from seg_perception.alignment.verdict import LEAST_EDGES, judge
from seg_perception.core.issue_kinds.calibration import (
    CALIBRATION_FOLLOWED,
    CALIBRATION_MOVED,
    LENS_UNFIT,
)
from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_kinds.pictures import DEGRADED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.correction import Correction
from seg_perception.pipeline.frame_convention import FrameConventionDetector

# Moments that are kept, and that a check or a search needs; new ones that a second search needs.
_KEPT, _NEEDED, _NEW = 12, 4, 2
# After a search that said nothing new the next one waits, at first so long, then twice that, ...
_REST_NS, _LONGEST_REST_NS = 10 * NANOSECONDS, 640 * NANOSECONDS
# Farther a camera is not followed, in all (degree).
_MOST_FOLLOWED_DEG = 1.0
# Two searches find the same focal length when they are so near to each other.
_NEAR_FOCAL = 0.05


@dataclass(frozen=True)
class WatchState:
    """What the watch over a camera came to.

    Attributes:
        moments: that were looked at.
        searches: of the whole window that suspicion started.
        answer: `fits`, `moved`, `lens`: another one, or `unknown`: too little to see, or not
            sure yet.
        followed: how often it was corrected.
        is_misplaced: labels fall on other points than they should: another lens, or a turn of
            more than a degree.
    """

    moments: int = 0
    searches: int = 0
    answer: str = "unknown"
    followed: int = 0
    is_misplaced: bool = False

    def __str__(self) -> str:
        """One line for people."""
        words = {
            "fits": "pictures and scans fit",
            "moved": "it has moved",
            "lens": "it has another lens than its camera_info says",
            "unknown": "can't tell whether pictures and scans fit",
        }
        followed = f", corrected {self.followed} times" if self.followed else ""
        return f"{words[self.answer]}; {self.moments} moments, {self.searches} searches{followed}"

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class _Kept:
    time_ns: int
    observation: Observation
    sums: Sums


class CameraWatch:
    """Looks at one moment after the other, on one thread.

    Attributes:
        state: what it came to; another thread may read it.
        follow: whether the camera is corrected.
    """

    def __init__(
        self, camera: str, conventions: FrameConventionDetector, issues: IssueLog, *, follow: bool
    ) -> None:
        """Start without evidence."""
        self.state = WatchState()
        self.follow = follow
        self._camera = camera
        self._conventions = conventions
        self._issues = issues
        self._correction = conventions.correction(camera)
        self._followed = Correction.NONE
        self._kept: deque[_Kept] = deque(maxlen=_KEPT)
        self._since_fit = 0
        self._forget()

    def add(self, observation: Observation, time_ns: int) -> None:
        """Look at a moment; one without structure says nothing."""
        self._follow_changes(observation)
        sums = local_sums(Evidence([observation]))
        if edges_in_view(sums) < LEAST_EDGES:
            return
        self._kept.append(_Kept(time_ns, observation, sums))
        self._since_fit += 1
        self._fresh += 1
        self._note(moments=self.state.moments + 1)
        if len(self._kept) >= _NEEDED:
            self._check(time_ns)

    def _follow_changes(self, observation: Observation) -> None:
        """Begin anew where the camera is corrected otherwise, or has another lens."""
        correction = self._conventions.correction(self._camera)
        if correction != self._correction:
            self._followed = Correction.NONE
            self._issues.release(CALIBRATION_FOLLOWED, self._stream)
            self._begin_anew()
        elif self._kept and self._kept[-1].observation.camera_model is not observation.camera_model:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._correction = self._conventions.correction(self._camera)
        self._kept.clear()
        self._since_fit = 0
        self._forget()
        self._answer("unknown")

    def _forget(self) -> None:
        """No suspicion any more."""
        self._suspected: NDArray[np.float64] | None = None
        self._suspected_focal: float | None = None
        self._fresh = _NEW
        self._rest_ns, self._rested_ns = _REST_NS, 0

    def _check(self, time_ns: int) -> None:
        answer = LocalCheck.of([kept.sums for kept in list(self._kept)[-_NEEDED:]]).answer
        if answer == "fits":
            self._since_fit = 0
            self._forget()
            self._answer("fits")
            return
        if self.state.answer == "fits":
            self._note(answer="unknown")
        if self._fresh >= _NEW and time_ns >= self._rested_ns:
            self._search(time_ns)

    def _search(self, time_ns: int) -> None:
        chosen = list(self._kept)[-max(_NEEDED, self._since_fit) :]
        evidence = Evidence([kept.observation for kept in chosen])
        self._note(searches=self.state.searches + 1)
        self._fresh = 0
        lens = search_lens(evidence)
        # A turn is looked for where the lens is the given one: under another none fits.
        weigh_turn, weigh_lens = self._weigh_turn, self._weigh_lens
        first = weigh_lens(lens, chosen) if lens.is_another else weigh_turn(evidence, chosen)
        if not first:
            self._rested_ns = time_ns + self._rest_ns
            self._rest_ns = min(2 * self._rest_ns, _LONGEST_REST_NS)

    def _weigh_turn(self, evidence: Evidence, chosen: list[_Kept]) -> bool:
        """Whether a turn is suspected from now on; the second search that finds it acts."""
        before, self._suspected, self._suspected_focal = self._suspected, None, None
        search = search_rotation(evidence)
        if judge(search)[0] != "off":
            return False
        self._suspected = search.turn_deg
        if before is None:
            return True
        if (np.abs(search.turn_deg - before) <= NEAR_DEG).all():
            self._act(search, chosen)
        return False

    def _weigh_lens(self, search: LensSearch, chosen: list[_Kept]) -> bool:
        """Whether another lens is suspected from now on; the second search that does says so."""
        before, self._suspected, self._suspected_focal = self._suspected_focal, None, search.focal
        if before is None:
            return True
        if abs(np.log(search.focal / before)) <= _NEAR_FOCAL:
            self._say_lens(search, chosen)
        return False

    def _say_lens(self, search: LensSearch, chosen: list[_Kept]) -> None:
        seen = chosen[-1].observation
        self._answer("lens", LENS_UNFIT, is_misplaced=True)
        self._issues.hold(
            LENS_UNFIT,
            self._stream,
            camera=self._camera,
            moments=len(chosen),
            seconds=_seconds(chosen),
            times=search.focal,
            focal_px=search.focal * seen.camera_model.fx * seen.sensor_px[0],
        )

    def _answer(
        self, answer: str, said: IssueKind | None = None, *, is_misplaced: bool = False
    ) -> None:
        """Take back what was said before, but for what is said now, too."""
        for kind in (CALIBRATION_MOVED, LENS_UNFIT):
            if kind is not said:
                self._issues.release(kind, self._stream)
        self._note(answer=answer, is_misplaced=is_misplaced)

    def _act(self, search: RotationSearch, chosen: list[_Kept]) -> None:
        """Correct the camera where that is wanted and little enough, else say what would."""
        known = np.where(np.abs(search.turn_deg) > search.interval_deg, search.turn_deg, 0.0)
        found = Correction.of_matrix(turn(known))
        followed = found.after(self._followed)
        if self.follow and max(np.abs(followed.rpy_deg)) <= _MOST_FOLLOWED_DEG:
            self._apply(found, followed)
            return
        is_misplaced = bool(np.abs(search.turn_deg).max() > _MOST_FOLLOWED_DEG)
        self._answer("moved", CALIBRATION_MOVED, is_misplaced=is_misplaced)
        self._issues.hold(
            CALIBRATION_MOVED,
            self._stream,
            camera=self._camera,
            moments=len(chosen),
            seconds=_seconds(chosen),
            turns=_turns(search),
            trust=DEGRADED if is_misplaced else "",
            settings=self._settings(found.after(self._correction)),
        )

    def _apply(self, found: Correction, followed: Correction) -> None:
        total = found.after(self._correction)
        self._conventions.correct(self._camera, total)
        self._begin_anew()
        self._followed = followed
        self._note(followed=self.state.followed + 1)
        self._issues.hold(
            CALIBRATION_FOLLOWED,
            self._stream,
            camera=self._camera,
            rpy_deg=_listed(total.rpy_deg),
            settings=self._settings(total),
        )

    def _settings(self, total: Correction) -> str:
        """The parameters that make a correction."""
        key = f"camera.{self._camera}.correction"
        moved = f" and {key}_xyz_m to {_listed(total.xyz_m)}" if any(total.xyz_m) else ""
        return f"{key}_rpy_deg to {_listed(total.rpy_deg)}{moved}"

    def _note(self, **changes: Any) -> None:
        self.state = WatchState(**{**asdict(self.state), **changes})

    @property
    def _stream(self) -> str:
        return stream("camera", self._camera)


def _seconds(chosen: list[_Kept]) -> float:
    return (chosen[-1].time_ns - chosen[0].time_ns) / NANOSECONDS


def _turns(search: RotationSearch) -> str:
    return ", ".join(
        f"{axis} {best:+.2f} ± {half:.2f} deg"
        for axis, best, half in zip(AXES, search.turn_deg, search.interval_deg, strict=True)
    )


def _listed(numbers: tuple[float, ...]) -> str:
    return f"[{', '.join(f'{number + 0.0:.3f}' for number in numbers)}]"

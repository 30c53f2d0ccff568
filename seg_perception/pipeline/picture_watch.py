"""Notices a camera that sees nothing: in the dark, against the sun, covered, blurred or frozen."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from seg_perception.core.issue_kinds import pictures
from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_facts import Cells, PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.dirty_lens import RecentLight, dirty_share
from seg_perception.pipeline.lasting_faults import HOLD_NS, LastingFaults, Numbers
from seg_perception.pipeline.picture_steps import STEPS, Step
from seg_perception.pipeline.splash import Splash
from seg_perception.pipeline.upside_down import WAYS, Ways, is_upside_down

# A picture may be sent twice; this long is no accident.
_SAME_NS = NANOSECONDS // 2
# Without odometry, a simulator's picture of a robot at rest may stay the same for long.
_SAME_AT_REST_NS = 8 * NANOSECONDS
# Sharpness is compared with the median of the last seconds, two pictures of each.
_USUAL_EVERY_NS = NANOSECONDS // 2
_USUAL_ENTRIES = 20
# Pictures that are farther apart are not compared.
_NEXT_NS = 2 * NANOSECONDS
MEMORY_NS = _USUAL_ENTRIES * _USUAL_EVERY_NS + _SAME_AT_REST_NS + 2 * HOLD_NS
"""A picture that is older tells nothing, unless a fault began with it that still lasts."""
Sharpnesses = tuple[float, float, float]
# Whether a frame moved between two times (ns); None: nobody knows.
HasMoved = Callable[[str, int, int], bool | None]


@dataclass
class CameraHistory:
    """What was seen of one camera.

    Attributes:
        frame_id: of the camera.
        sharpness: of pictures that showed something, the last ten seconds of them; in all and
            along either axis.
        texture: of the same pictures, by cells.
        light: of the last second.
        dirty: share of the picture that was dirty when that could be told last.
        splash: mud that came from one picture to the next.
        last: the newest picture.
        same_since_ns: stamp of the first picture with the newest one's bytes.
        changed: codes of the steps since the first picture that were not taken back.
        ways: distances from what the model knows, as it is and turned, of the last looks.
        is_upside_down: the turned ones are the nearer ones.
    """

    frame_id: str = ""
    sharpness: deque[Sharpnesses] = field(default_factory=lambda: deque(maxlen=_USUAL_ENTRIES))
    texture: deque[Cells] = field(default_factory=lambda: deque(maxlen=_USUAL_ENTRIES))
    light: RecentLight = field(default_factory=RecentLight)
    dirty: float = 0.0
    splash: Splash | None = None
    last: PictureFacts | None = None
    same_since_ns: int = 0
    changed: tuple[str, ...] = ()
    ways: deque[Ways] = field(default_factory=lambda: deque(maxlen=WAYS), repr=False)
    is_upside_down: bool = False
    _last_ns: int = 0
    _slot: int = -1

    def add(self, facts: PictureFacts, stamp_ns: int, frame_id: str) -> None:
        """Take note of the newest picture."""
        self.frame_id = frame_id
        self.splash = self._splash(facts, stamp_ns)
        if self.last is not None and 0 < stamp_ns - self._last_ns <= _NEXT_NS:
            happened = {s.kind.code for s in STEPS if s.happened(facts.colours, self.last.colours)}
            self.changed = tuple(sorted(happened ^ {*self.changed}))
            if pictures.TURNED.code in happened:
                self.look_both_ways(None)
        elif self.last is not None:
            self.light.clear()
        self.light.add(facts, stamp_ns)
        self._last_ns = stamp_ns
        if self.last is None or facts.checksum != self.last.checksum:
            self.same_since_ns = stamp_ns
        self.last = facts

    def look_both_ways(self, ways: Ways | None) -> None:
        """Take note of a picture's distances, as it is and turned; None: begin anew."""
        if ways is None:
            self.ways.clear()
        else:
            self.ways.append(ways)
        self.is_upside_down = is_upside_down(self.ways)

    def _splash(self, facts: PictureFacts, stamp_ns: int) -> Splash | None:
        """Mud that came at once, and is still there."""
        if self.splash is not None:
            return self.splash if self.splash.see(facts, stamp_ns) else None
        if self.last is None:
            return None
        return Splash.between(self.last, facts, stamp_ns - self._last_ns, stamp_ns)

    def keep_as_usual(self, facts: PictureFacts, stamp_ns: int) -> None:
        """Take note of sharpness and texture of a picture that is as it should be."""
        slot = stamp_ns // _USUAL_EVERY_NS
        if slot != self._slot:
            self.sharpness.append(facts.sharpnesses)
            self.texture.append(facts.texture)
            self._slot = slot


class Fault(Protocol):
    """One way not to see."""

    kind: IssueKind

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """What its sentence needs; None where the picture does not have it."""
        ...


class Dark:
    """Too little light."""

    kind = pictures.DARK
    _least = 12.0

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """The mean where it is low."""
        del history, stamp_ns
        is_dark = facts.brightness < self._least
        return {"brightness": round(facts.brightness, 1)} if is_dark else None


class Glare:
    """Too much of it."""

    kind = pictures.GLARE
    _most = 0.6

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """The share of white where it is large."""
        del history, stamp_ns
        return {"white_percent": round(100 * facts.white)} if facts.white > self._most else None


class Blank:
    """Nothing in it, and neither black nor white."""

    kind = pictures.BLANK
    _least = 5.0

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """The contrast where it is low."""
        del history, stamp_ns
        is_blank = facts.contrast < self._least
        return {"contrast": round(facts.contrast, 1)} if is_blank else None


class Blurred:
    """Less sharp than this camera's own last seconds, or than any sharp picture is."""

    kind = pictures.BLURRED
    _share = 0.4
    # Of 418 pictures of robots, cars and people's cameras none has less; 4.5 px out of focus at a
    # width of 512, all have. Close-ups of trunks do, 5 of 70.
    _least_detail = 0.25

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """How it shows."""
        del stamp_ns
        share = self._share_of_usual(facts, history)
        if share < self._share:
            return {"how": f"{round(100 * share)} % of the sharpness that they had lately"}
        if facts.detail < self._least_detail:
            found = f"{facts.detail:.2f} times as much as coarser structure"
            return {"how": f"hardly any detail ({found}; sharp ones have 0.3 or more)"}
        return None

    def _share_of_usual(self, facts: PictureFacts, history: CameraHistory) -> float:
        """The share of the usual sharpness, along the axis that has less; 1 where none is known."""
        if len(history.sharpness) < _USUAL_ENTRIES:
            return 1.0
        usual = [statistics.median(values) for values in zip(*history.sharpness, strict=True)]
        shares = [now / was for now, was in zip(facts.sharpnesses, usual, strict=True) if was > 0]
        return min(shares, default=1.0)


class Dirty:
    """Parts of the picture have gone dull, and stand still while the scene moves."""

    kind = pictures.DIRTY
    # On streets, up to a tenth of the picture is asphalt that looks the same everywhere.
    _most = 0.11

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """The share that is dirty; while the robot stands, what it was."""
        del stamp_ns
        if history.splash is not None:
            return {"share_percent": round(100 * history.splash.share)}
        if len(history.texture) < _USUAL_ENTRIES:
            return None
        share = dirty_share(facts, history.texture, history.light)
        history.dirty = history.dirty if share is None else share
        is_dirty = history.dirty > self._most
        return {"share_percent": round(100 * history.dirty)} if is_dirty else None


class Changed:
    """A step from one picture to the next, that was not taken back."""

    def __init__(self, step: Step) -> None:
        """Take the step."""
        self.kind = step.kind

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """No number; the history knows."""
        del facts, stamp_ns
        return {} if self.kind.code in history.changed else None


class UpsideDown:
    """Pictures that the model would know if they stood the other way up, from the first one on."""

    kind = pictures.UPSIDE_DOWN

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """The newest look's distances."""
        del facts, stamp_ns
        if not history.is_upside_down:
            return None
        own, turned = history.ways[-1]
        return {"own": own, "turned": turned}


class Frozen:
    """The same bytes under new stamps, while the robot moves or nobody knows whether it does."""

    kind = pictures.FROZEN

    def __init__(self, has_moved: HasMoved) -> None:
        """Take who knows."""
        self._has_moved = has_moved

    def numbers(self, facts: PictureFacts, history: CameraHistory, stamp_ns: int) -> Numbers | None:
        """A simulator's picture of a robot at rest may stay the same; a camera's never does."""
        del facts
        same_ns = stamp_ns - history.same_since_ns
        if same_ns < _SAME_NS:
            return None
        moved = self._has_moved(history.frame_id, history.same_since_ns, stamp_ns)
        if moved:
            return {"motion": " while the robot moves"}
        return {"motion": ""} if moved is None and same_ns >= _SAME_AT_REST_NS else None


class PictureWatch:
    """One history a camera; a fault that lasts is counted, and trusted to be over as late."""

    def __init__(self, issues: IssueLog, has_moved: HasMoved) -> None:
        """Start without any picture.

        Args:
            issues: told of faults.
            has_moved: whether a camera's frame moved between two times.
        """
        self._lasting = LastingFaults(issues)
        self._faults: tuple[Fault, ...] = (
            Dark(),
            Glare(),
            Blank(),
            Blurred(),
            Dirty(),
            Frozen(has_moved),
            UpsideDown(),
            *(Changed(step) for step in STEPS),
        )
        self.clear()

    def clear(self) -> None:
        """Forget what was seen: the clock jumped."""
        self._histories: defaultdict[str, CameraHistory] = defaultdict(CameraHistory)
        self._lasting.clear()

    def state(self) -> str:
        """All that is remembered, in words that are the same where it is the same."""
        histories = sorted(self._histories.items())
        return f"{histories} {self._lasting.state()}"

    def is_degraded(self, label_map: LabelMap) -> bool:
        """Take in a picture with its labels; whether what it shows can't be trusted."""
        facts, camera, stamp_ns = label_map.facts, label_map.camera, label_map.stamp_ns
        if facts is None:
            return False
        history = self._histories[camera]
        history.add(facts, stamp_ns, label_map.frame_id)
        if label_map.distance is not None and label_map.turned is not None:
            history.look_both_ways((label_map.distance.whole, label_map.turned))
        found = {fault: fault.numbers(facts, history, stamp_ns) for fault in self._faults}
        if all(numbers is None for numbers in found.values()):
            history.keep_as_usual(facts, stamp_ns)
        lasts = [
            self._lasting.has(camera, fault.kind, numbers, stamp_ns)
            for fault, numbers in found.items()
        ]
        return any(lasts)

"""Cameras of which the calibration watch knows that labels fall beside their points."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seg_perception.core.types import LabelMap
from seg_perception.pipeline.camera_watch import WatchState

# By camera, what the watch came to.
States = Callable[[], Mapping[str, WatchState]]


class MisplacedCameras:
    """A camera with another lens, or knocked by more than a degree, until its moments fit again."""

    def __init__(self, states: States) -> None:
        """Take who knows."""
        self._states = states

    def is_degraded(self, label_map: LabelMap) -> bool:
        """Whether a picture's labels belong elsewhere."""
        state = self._states().get(label_map.camera)
        return state is not None and state.is_misplaced

    def state(self) -> str:
        """Those cameras."""
        return str(sorted(name for name, state in self._states().items() if state.is_misplaced))

    def clear(self) -> None:
        """A jump of the clock mends no lens."""

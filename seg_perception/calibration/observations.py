"""What a bag gave: by camera, what it and a lidar saw at one time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seg_perception.alignment.observation import Observation
from seg_perception.core.errors import CalibrationError
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.pipeline.frame_convention import Convention, FrameConventionDetector


@dataclass(frozen=True, eq=False)
class Observations:
    """What a bag gave.

    Attributes:
        of: by camera, in the order of time.
        missing: by camera, why observations were left out, with their number.
        static_transforms: the static transforms of the bag.
        conventions: which axes the cameras' frames have, as configured or found out.
        issues: what is amiss with lenses and images.
    """

    of: Mapping[str, Sequence[Observation]]
    missing: Mapping[str, Counter[str]]
    static_transforms: tuple[StampedTransform, ...]
    conventions: FrameConventionDetector
    issues: tuple[Issue, ...] = ()

    def remarks(self, camera: str) -> tuple[Issue, ...]:
        """What is said of a camera's lens and images, for instance which file it comes from."""
        return tuple(issue for issue in self.issues if issue.stream == stream("camera", camera))

    def expect_convention(self, camera: str) -> Convention:
        """Which axes the frame of a camera with observations has.

        Raises:
            CalibrationError: there is no observation, or the axes became unknown on the way.
        """
        self.expect(camera)
        convention = self.conventions.of(camera)
        if convention is None:
            msg = (
                "nothing to compare: the camera's pose or frame changed on the way, and which axes "
                f"it has now is not found; set camera.{camera}.frame_convention"
            )
            raise CalibrationError(msg)
        return convention

    def expect(self, camera: str) -> Sequence[Observation]:
        """The observations of a camera.

        Raises:
            CalibrationError: there is none; says why.
        """
        if found := self.of.get(camera, ()):
            # A calibration that changes on the way, or images of another size, begin a new camera.
            return [m for m in found if m.camera_model is found[-1].camera_model]
        reasons = self.missing.get(camera, Counter())
        why = reasons.most_common(1)[0][0] if reasons else "no scan was recorded beside its images"
        msg = f"nothing to compare: {why}"
        raise CalibrationError(msg)

"""The correction of a camera's place that is configured, and the word for it."""

from __future__ import annotations

from seg_perception.config import CameraConfig
from seg_perception.core.issue_kinds.places import EXTRINSICS_CORRECTED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.geometry.correction import Correction


def correction_of(camera: CameraConfig) -> Correction:
    """What is applied on top of tf."""
    return Correction.of(camera.correction_xyz_m, camera.correction_rpy_deg)


def say_correction(name: str, camera: CameraConfig, issues: IssueLog) -> None:
    """Say of a camera that it does not sit where tf has it, while that is configured."""
    correction = correction_of(camera)
    if correction.is_none:
        issues.release(EXTRINSICS_CORRECTED, stream("camera", name))
        return
    issues.hold(
        EXTRINSICS_CORRECTED,
        stream("camera", name),
        xyz_m=_listed(correction.xyz_m),
        rpy_deg=_listed(correction.rpy_deg),
    )


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)

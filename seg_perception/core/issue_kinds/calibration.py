"""What is noticed of the cameras' calibration while driving."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_kinds.pictures import DEGRADED

CALIBRATION_MOVED = IssueKind(
    "calibration_moved",
    "pictures and scans of the last {moments} moments ({seconds:.0f} s) do not fit: they would if "
    "its points were turned by {turns}",
    "look whether camera {camera} was knocked, and calibrate it anew (`seg-perception calibrate "
    "BAG`) or set {settings}{trust}",
    "the camera does not sit where tf says: it was knocked, or its extrinsics are wrong; turns are "
    "those of `check-calibration`, about the axes of its optical frame, with 95 % intervals",
    "fasten it, calibrate it anew; `calibration.follow` corrects up to 1 degree by itself",
    "warning",
)
LENS_UNFIT = IssueKind(
    "lens_unfit",
    "pictures and scans of the last {moments} moments ({seconds:.0f} s) do not fit: they would if "
    "its focal length were {focal_px:.0f} px, {times:.2f} times that of its camera_info",
    "check which lens and which camera_info camera {camera} has, and whether its pictures are cut "
    "or scaled after it was written; calibrate the lens, or set camera.{camera}.calibration_file"
    + DEGRADED,
    "another lens, a zoom, or pictures that were cut and scaled after camera_info was written: "
    "labels fall beside their points, the farther from the picture's middle the more",
    "calibrate the lens anew, or name the camera_info or the `camera.NAME.calibration_file` that "
    "belongs to it",
    "warning",
)
CALIBRATION_FOLLOWED = IssueKind(
    "calibration_followed",
    "has moved: since pictures and scans fit so, its points are turned by {rpy_deg} degrees (roll, "
    "pitch, yaw) in all",
    "set {settings} to keep that, and look whether camera {camera} was knocked",
    "`calibration.follow` is set, and it was used",
    "fasten the camera, calibrate it anew",
    "warning",
)

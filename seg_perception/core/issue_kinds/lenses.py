"""What can be amiss with the lenses of cameras."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

NO_CAMERA_INFO = IssueKind(
    "no_camera_info",
    "no camera_info on {topic}{others}, so points can't be labelled",
    "publish or record it, or set camera.{camera}.camera_info_topic",
    "images come, their lens does not",
    "publish it, or set `camera.NAME.camera_info_topic`",
)
NO_DEPTH_LENS = IssueKind(
    "no_depth_lens",
    "its depth images are not aligned to its pictures ({why}), and no camera_info came on {topic}",
    "set camera.{camera}.depth_camera_info_topic, or let the driver align them to its pictures",
    "depth images that lie in another frame than the pictures, or show another part, need their "
    "own lens; their points have no place without",
    "`camera.NAME.depth_camera_info_topic`, or align depth to colour in the driver",
)
DEPTH_UNIT = IssueKind(
    "depth_unit",
    "half of its depths are farther than {middle_m:.3g} m, if their unit is {unit_m:g} m",
    "set camera.{camera}.depth_unit_m{guess}",
    "16-bit depths are millimetres by REP 118; some drivers send tenths of them, or their own unit",
    "`camera.NAME.depth_unit_m`",
    "warning",
)
DEPTH_NOT_ALIGNED = IssueKind(
    "depth_not_aligned",
    "its depth images have the frame of its pictures, but the lens of their camera_info is another "
    "(fx {own:.0f} px at their width, not {expected:.0f}): they are read through their own",
    "align them to its pictures in the driver, or name their frame in "
    "camera.{camera}.depth_frame_id",
    "a driver sends depths that are not aligned under the frame of its pictures; where the two "
    "lenses sit apart, labels are off by their distance",
    "align depth to colour in the driver; or `camera.NAME.depth_frame_id`",
    "warning",
)
BAD_CAMERA_INFO = IssueKind(
    "bad_camera_info",
    "points can't be labelled: {error}",
    "mend what its driver sends, or set camera.{camera}.calibration_file",
    "a camera_info that came can't be (zeros, NaN, no size, K transposed or in shares of the "
    "image) or can't place points (unknown lens model); labels of images go on, points are unknown",
    "calibrate, or find out who else publishes there; the sentence names what is wrong. "
    "`camera.NAME.calibration_file` takes a true lens in its place",
)
SIZE_MISMATCH = IssueKind(
    "size_mismatch",
    "images are {got}, camera_info describes {expected}{cause}",
    "set camera.{camera}.camera_info_topic to the one that belongs to them, or "
    "camera.{camera}.calibration_file",
    "the lens belongs to another camera, the images were scaled without it, or its driver has "
    "counted roi or binning twice",
    "name the camera_info that belongs to the images, or mend the driver as the sentence says",
)
ODD_CAMERA_INFO = IssueKind(
    "odd_camera_info",
    "{oddities}",
    "if that is not so, mend what its driver sends, or set camera.{camera}.calibration_file",
    "a lens that may be, and seldom is: points are labelled with it",
    "compare with the camera's data sheet; `seg-perception check-calibration BAG` tells whether "
    "labels and points agree",
    "warning",
)
LENS_READ_AS = IssueKind(
    "lens_read_as",
    "distortion model {sent!r} with {count} coefficients is read as {model}",
    "",
    "the driver uses another name than ROS for a model that its coefficients tell",
    "nothing",
    "note",
)
FISHEYE_REACH = IssueKind(
    "fisheye_reach",
    "its image reaches {reach_deg:.0f} degrees off the axis by its lens model; what lies beyond "
    "{widest_deg} degrees stays out of view",
    "set camera.{camera}.fisheye_angle_deg to where its picture ends",
    "an equidistant lens can see what is behind the camera's plane, and camera_info does not say "
    "where its picture ends: labels of black corners must not get onto points",
    "the angle from the axis, half the field of view of the data sheet",
    "note",
)
CALIBRATION_FILE = IssueKind(
    "calibration_file",
    "its lens is that of {file}, whatever its driver sends",
    "",
    "`camera.NAME.calibration_file` is set",
    "nothing, if that is what was meant",
    "note",
)
BASELINE_IN_TF = IssueKind(
    "stereo_baseline",
    "P has the first camera of its pair {baseline_m:.3f} m away, where tf has frame {beside!r}: "
    "the baseline is in tf, and is not applied a second time",
    "if {frame!r} is not its own frame, set camera.{camera}.frame_id to that",
    "the right camera of a rectified pair has a frame of its own, and an offset in P as well",
    "nothing; without the offset in P the note goes",
    "note",
)
BASELINE_APPLIED = IssueKind(
    "stereo_baseline",
    "P has the first camera of its pair {baseline_m:.3f} m away, which is applied: its frame "
    "{frame!r} is {whose}",
    "if it is its own, publish P without the offset, or set camera.{camera}.calibration_file",
    "the right camera of a rectified pair names the frame of the left one, as "
    "sensor_msgs/CameraInfo has it",
    "nothing, if that is so",
    "note",
)

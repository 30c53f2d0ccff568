"""What can be amiss with clouds: how they are laid out, measured, scaled and timed."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

WRONG_ROW_STEP = IssueKind(
    "wrong_row_step",
    "row_step is {row_step}, rows have {expected} bytes; the data holds exactly width x height "
    "points, and is read so",
    "mend the driver: others drop such clouds",
    "an organised cloud that says a wrong length of its rows; without padding there is one way "
    "to read it",
    "tell the driver's authors: row_step is width x point_step",
    "warning",
)
POLAR_COORDINATES = IssueKind(
    "polar_coordinates",
    "x, y and z are worked out from {fields}: angles in {unit}, to the left and up, as REP-103 "
    "has them",
    "if the driver means something else, let it publish x, y and z",
    "a cloud of ranges and angles alone; degrees are told by angles that can't be radians",
    "compare with RViz: nothing to do if it looks right",
    "note",
)
MILLIMETRES = IssueKind(
    "millimetres",
    "half of the points lie farther than {median:.0f} m: x, y and z seem to be millimetres",
    "set {sensor}.xyz_scale=0.001",
    "a driver, often of a depth camera, gives coordinates in another unit than metres",
    "`lidar.NAME.xyz_scale` (or `radar.NAME.xyz_scale`), or let the driver publish metres",
)
POINT_TIME_UNIT = IssueKind(
    "point_time_unit",
    "field {field!r} is read as {unit}: in no other unit do its times span a scan",
    "set {sensor}.point_time_unit if it is something else",
    "whole numbers are nanoseconds and others seconds with most drivers; this one's make a scan "
    "only in another unit",
    "nothing if the driver's manual says so; else `lidar.NAME.point_time_unit`",
    "note",
)
NO_SCAN_TIME = IssueKind(
    "no_scan_time",
    "the times in field {field!r} span {span_ms:.3g} ms, and a cloud comes each {period_ms:.3g} ms",
    "set {sensor}.point_time_unit, or check the driver",
    "the points' times are no turn of the lidar in any unit, so each point may be moved wrongly",
    "`lidar.NAME.point_time_unit`, or mend the driver",
    "warning",
)
SAME_POINT_TIME = IssueKind(
    "same_point_time",
    "all points have the same time in field {field!r}: a scan is taken as measured at once",
    "check the driver if the lidar turns",
    "a field of times that the driver does not fill, or a sensor that measures all at once",
    "let the driver fill in the time of each point",
    "note",
)
UNREAD_CLOUD = IssueKind(
    "unread_cloud",
    "left out: {why}, and no other topic has clouds",
    "{remedy}",
    "what a lidar or radar saw is there in a form that is not read (packets, compressed clouds, "
    "angles in steps), so no point is labelled",
    "run what the sentence names, live beside the node or once over the bag",
)
UNREAD_BESIDE = IssueKind(
    "unread_cloud",
    "left out: {why}",
    "nothing to do if another topic has its points; else {remedy}",
    "as above, beside clouds that are read: often the packets of one of them",
    "as above, if no other topic has its points",
    "note",
)
WRONG_TYPE = IssueKind(
    "wrong_type",
    "{topic} carries {types}, expected {expected}",
    "{remedy}",
    "the topic of a lidar or radar has messages that are not read as clouds",
    "run what the sentence names, or name another topic",
)
SENSOR_GUESSED = IssueKind(
    "sensor_guessed",
    "{topic} is taken as a {taken_as}, {why}",
    "if it is not, name it among the {other}s",
    "`inspect` tells lidars from radars by type, name, fields and number of points",
    "`lidar.NAME.topic` or `radar.NAME.topic` says which it is",
    "note",
)

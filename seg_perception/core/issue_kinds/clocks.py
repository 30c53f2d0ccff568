"""What can be amiss with stamps and clocks."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

NO_POINT_TIME = IssueKind(
    "no_point_time",
    "no per-point time, a scan is taken as measured at once",
    "",
    "points of a turning lidar are off by the robot's motion during a turn",
    "let the driver publish the time of each point",
    "note",
)
CLOCKS_APART = IssueKind(
    "clocks_apart",
    "its stamps lie {apart_s:+.3f} s from those of camera {camera}",
    "{remedy}",
    "two sensors are stamped by clocks that differ by more than `synchronizer.max_gap_s`",
    "`time_offset_s` of one, or synchronise the clocks",
    "warning",
)
STAMPS_SINCE_BOOT = IssueKind(
    "stamps_since_boot",
    "stamps count from the sensor's start, not from 1970",
    "set its driver to PTP or to the host's time",
    "an Ouster or radar without PTP stamps since its own boot",
    "PTP, or the driver's host-time mode",
    "warning",
)
STAMPS_IN_FUTURE = IssueKind(
    "stamps_in_future",
    "stamps lie {ahead_s:.2f} s in the future",
    "synchronise the clocks, or {remedy}",
    "two clocks differ, or a bag plays without `use_sim_time`",
    "synchronise with chrony or PTP; `use_sim_time:=true`",
    "warning",
)
NO_CLOCK = IssueKind(
    "no_clock",
    "use_sim_time is set, and nothing came on /clock: the node's time stands still",
    "play the bag with --clock, or set use_sim_time to false",
    "in simulated time somebody has to publish `/clock`: a simulator, or a player",
    "`ros2 bag play BAG --clock`; on the robot itself `use_sim_time:=false`",
)
NO_LABEL_MAP = IssueKind(
    "no_label_map",
    "no label map within synchronizer.max_gap_s ({max_gap_s} s){apart}",
    "set time_offset_s of one sensor, or raise max_gap_s",
    "images and clouds never lie close enough in time; the distance is in the sentence",
    "`time_offset_s` of one sensor (`seg-perception estimate-offset BAG` measures it), or a larger "
    "`max_gap_s`",
)
NO_LABEL_MAP_FAR = IssueKind(
    "no_label_map",
    "no label map near it in time: the last stamps are {apart_s:+.3f} s apart",
    "set the drivers of both sensors to one clock",
    "images and clouds are stamped by two clocks that have nothing to do with each other, or one "
    "driver stamps nothing",
    "PTP, or the host's time, for both drivers",
)
NO_LABEL_MAP_UNSTAMPED = IssueKind(
    "no_label_map",
    "no label map can be found for it: stamps of {streams} are 0",
    "let the drivers stamp what they publish",
    "a driver leaves `header.stamp` empty; nobody knows which image belongs to which cloud",
    "set the driver's time stamping mode; in code of your own `header.stamp = now`",
)
NO_LABEL_MAP_RATE = IssueKind(
    "no_label_map",
    "{share:.0%} of its points have no label map within synchronizer.max_gap_s ({max_gap_s} s), "
    "since {limits} lets an image pass every {period_s:g} s only",
    "set it to {least_hz:.3g} Hz or more, limit {parameter} too, or raise max_gap_s",
    "`max_rate_hz` of a camera is so low that most clouds lie between two of its images",
    "the limit is meant: `max_rate_hz` of the lidar or radar as well; else a higher one",
    "warning",
)
NO_LABEL_MAP_LOAD = IssueKind(
    "no_label_map",
    "no label map within synchronizer.max_gap_s ({max_gap_s} s), since {camera} labels few of its "
    "images: {lost} of {received} were superseded by newer ones",
    "take a smaller model or a faster engine, label fewer cameras, or raise max_gap_s",
    "the machine can't follow: so many images are superseded that most clouds lie between two of "
    "those that are labelled",
    "a smaller model, a faster engine, a lower `max_rate_hz` of other cameras, fewer programs "
    "beside; or a larger `max_gap_s`",
)
STRAY_TIMES = IssueKind(
    "stray_times",
    "field {field!r}: {stray} of {points} points have a time more than a second off the stamp",
    "{effect}",
    "the field of per-point times holds some, or only, times of another scan or clock; the "
    "sentence says which",
    "few: nothing, their points count at the stamp and are counted (`stray_times`); all: set the "
    "driver to one clock",
)
CLOCK_JUMP = IssueKind(
    "clock_jump",
    "jumped back by {back_s:.1f} s",
    "label maps, waiting clouds and timed transforms are forgotten",
    "a recording loops, or a clock was set",
    "nothing when a bag loops; else find out who sets the clock",
    "note",
)
CLOCK_STORM = IssueKind(
    "clock_storm",
    "time jumped back {jumps} times, with hardly a message in between",
    "end one of the two sources of time: two bag players, or two publishers of /clock",
    "two sources of time alternate, and everything timed is forgotten each time",
    "`ros2 topic info -v /clock` names the publishers; look for a second bag player",
    "warning",
)
STAMPS_ASTRAY = IssueKind(
    "stamps_astray",
    "its stamps go back by {back_s:.1f} s while those of other streams go on",
    "{remedy}",
    "two nodes publish one topic or one frame, one of them late or by another clock; nothing else "
    "is forgotten for it, as it would be if time itself had jumped",
    "two localisers, two drivers, or a node and a bag that has its topic: end one; else set the "
    "clock of the driver",
    "warning",
)
STAMPS_ZERO = IssueKind(
    "stamps_zero",
    "its stamp is 0, so it can't be paired with anything",
    "let its driver stamp what it publishes",
    "a driver leaves `header.stamp` empty, always or now and then",
    "set the driver's time stamping mode; in code of your own `header.stamp = now`",
    "warning",
)

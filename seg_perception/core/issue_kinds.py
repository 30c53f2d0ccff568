"""The catalogue of what can be amiss with the input: code and documentation read it alike.

`docs/` makes its tables of it (tools/diagnostics_page.py), `IssueLog` its sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]
Subject = Literal["inputs", "time", "place", "messages", "engine"]


@dataclass(frozen=True)
class IssueKind:
    """One thing that can be amiss.

    Attributes:
        code: its name for programs, stable between releases.
        subject: the part of the page on which it is explained.
        text: half a sentence; braces name the numbers that an issue of this kind has.
        mend: the other half: what to do about it; may be empty.
        means: what it means, for the page.
        advice: what to do about it at length, for the page.
        level: `error`: nothing of a stream comes out; `warning`: a part does not, or may be
            wrong; `note`: the user should know.
    """

    code: str
    subject: Subject
    text: str
    mend: str
    means: str
    advice: str
    level: Level = "warning"

    def sentence(self, numbers: Mapping[str, Any]) -> str:
        """The sentence of one issue, with its mend.

        Raises:
            KeyError: a number that the text asks for is missing.
        """
        text = self.text.format_map(numbers)
        return f"{text}; {self.mend.format_map(numbers)}" if self.mend else text


NO_MESSAGE = IssueKind(
    "no_message",
    "inputs",
    "no message came",
    "check the topic's name and its publisher",
    "nobody publishes the topic, or QoS or domain keep the two apart",
    "`ros2 topic info -v TOPIC`; check names, `ROS_DOMAIN_ID`, the driver",
    "error",
)
NO_RESULT = IssueKind(
    "no_result",
    "inputs",
    "none of {received} messages gave a result ({reasons})",
    "",
    "everything that came was dropped, for the reasons in brackets",
    "look the reasons up in the ledger's table",
    "error",
)
INCOMPATIBLE_QOS = IssueKind(
    "incompatible_qos",
    "inputs",
    "{topic}: incompatible QoS, subscribed reliable, offered {offered}",
    "{remedy}",
    "the node was told to listen reliably to a sensor that does not offer it",
    "`node.input_reliability: auto`, or remove the override that the sentence names",
    "error",
)
NO_CAMERA_INFO = IssueKind(
    "no_camera_info",
    "inputs",
    "no usable camera_info on {topic}, so points can't be labelled",
    "calibrate, or set camera.{camera}.camera_info_topic",
    "images come, their lens does not",
    "publish it, or set `camera.NAME.camera_info_topic`",
)
BAD_CAMERA_INFO = IssueKind(
    "bad_camera_info",
    "inputs",
    "points can't be labelled: {error}",
    "",
    "a camera_info that came can't be (zeros, NaN, no size) or can't place points (unknown lens "
    "model); labels of images go on, points are unknown",
    "calibrate, or find out who else publishes there; the sentence names what is wrong",
)
TYPE_NOT_INSTALLED = IssueKind(
    "type_not_installed",
    "inputs",
    "{error}",
    "",
    "a sensor's message type (a radar's `RadarScan`) is unknown on this machine",
    "install the package that the sentence names",
    "error",
)
TWIN_NODE = IssueKind(
    "twin_node",
    "inputs",
    "{others} more publishers of {topic}: another node is called {node}",
    "is it started twice?",
    "somebody else publishes under this node's own name",
    "`ros2 node list`; end one, or give it a namespace",
)
EMPTY_CLOUDS = IssueKind(
    "empty_clouds",
    "inputs",
    "every cloud has 0 points",
    "check the driver",
    "the driver publishes empty clouds",
    "look at the sensor: blocked, in standby, wrong mode",
)
NO_FINITE_POINT = IssueKind(
    "no_finite_point",
    "inputs",
    "no point has finite coordinates within min_range_m and max_range_m",
    "check the driver",
    "all points are NaN, or nearer than `min_range_m` or farther than `max_range_m`",
    "check the driver and the ranges",
)

STAMPS_SINCE_BOOT = IssueKind(
    "stamps_since_boot",
    "time",
    "stamps count from the sensor's start, not from 1970",
    "set its driver to PTP or to the host's time",
    "an Ouster or radar without PTP stamps since its own boot",
    "PTP, or the driver's host-time mode",
)
STAMPS_IN_FUTURE = IssueKind(
    "stamps_in_future",
    "time",
    "stamps lie {ahead_s:.2f} s in the future",
    "synchronise the clocks, or set use_sim_time with a bag",
    "two clocks differ, or a bag plays without `use_sim_time`",
    "synchronise with chrony or PTP; `use_sim_time:=true`",
)
NO_LABEL_MAP = IssueKind(
    "no_label_map",
    "time",
    "no label map within synchronizer.max_gap_s ({max_gap_s} s){apart}",
    "set time_offset_s of one sensor, or raise max_gap_s",
    "images and clouds never lie close enough in time; the distance is in the sentence",
    "`time_offset_s` of one sensor (`seg-perception estimate-offset BAG` measures it), or a larger "
    "`max_gap_s`",
)
STRAY_TIMES = IssueKind(
    "stray_times",
    "time",
    "field {field!r}: {stray} of {points} points have a time more than a second off the stamp",
    "{effect}",
    "the field of per-point times holds some, or only, times of another scan or clock; the "
    "sentence says which",
    "few: nothing, their points count at the stamp and are counted (`stray_times`); all: set the "
    "driver to one clock",
)
CLOCK_JUMP = IssueKind(
    "clock_jump",
    "time",
    "stamps jump back by {back_s:.1f} s",
    "label maps, waiting clouds and timed transforms are forgotten",
    "a recording loops, or a clock was set",
    "nothing when a bag loops; else find out who sets the clock",
    "note",
)

NO_TRANSFORM = IssueKind(
    "no_transform",
    "place",
    "no transform for its points: {error}",
    "{remedy} publish the missing transform",
    "a frame is missing between sensor, camera and fixed frame; the sentence names it",
    "publish it, or set `frame_id` or `transforms.fixed_frame`",
)
LATE_TRANSFORM = IssueKind(
    "late_transform",
    "place",
    "no transform at its stamps: /tf came later than synchronizer.max_wait_s, or with gaps",
    "raise synchronizer.max_wait_s or transforms.max_interpolation_s",
    "the frames exist, but not at this time: /tf is late or has gaps",
    "a larger `synchronizer.max_wait_s` or `transforms.max_interpolation_s`",
)
BAD_TRANSFORM = IssueKind(
    "bad_transform",
    "place",
    "transform of {child!r} refused: {error}",
    "",
    "a publisher sends transforms that are no rigid motion; the sound ones of the same message "
    "are used",
    "find it: `ros2 topic echo /tf`",
)
OUT_OF_VIEW = IssueKind(
    "out_of_view",
    "place",
    "{share:.1%} of the points lie before a camera",
    "probably a body frame where an optical one was expected: set camera.NAME.frame_convention to "
    "auto, or check the tf",
    "under 1 % are in view",
    "the camera's frame is a body frame: `frame_convention: body`, or `auto`; else check the "
    "extrinsics with `seg-perception check-calibration BAG`",
)
CONVENTION_FEW_SCANS = IssueKind(
    "convention_few_scans",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {scans} of {needed} scans were "
    "tried",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "which axes the camera's frame has can't be told yet; its points are unknown and counted as "
    "`no_convention`: five scans that are paired with images of this camera are needed",
    "wait; if it stays, look for what else is said of camera and lidar",
)
CONVENTION_FEW_POINTS = IssueKind(
    "convention_few_points",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}: too few; check tf, "
    "and what the sensors see",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "next to no point lands in the image either way",
    "the lidar does not see what the camera sees, or tf is wrong: "
    "`seg-perception check-calibration BAG`",
)
CONVENTION_NOT_UPRIGHT = IssueKind(
    "convention_not_upright",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}, and either way the "
    "picture does not stand upright",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "the camera is mounted on its side, upside down, or looks steeply up or down; or z of the "
    "fixed frame is not up",
    "set `frame_convention` by hand",
)
CONVENTION_CONTRADICTION = IssueKind(
    "convention_contradiction",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}, but the picture "
    "stands upright if it is {axes}",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "its axes say one thing and the points the other",
    "tf may be wrong: `seg-perception check-calibration BAG`; then set `frame_convention` by hand",
)
CONVENTION_FOUND = IssueKind(
    "convention_found",
    "place",
    "frame {frame!r} is taken for {axes}: {figures}, and the picture stands upright if it is "
    "{axes}",
    "",
    "`frame_convention: auto` has found which axes the camera's frame has",
    "nothing; write it into the robot's file if you like",
    "note",
)
DOPPLER_REVERSED = IssueKind(
    "doppler_reversed",
    "place",
    "field {field!r} has the opposite sign of the robot's own motion, so what moves is not known",
    "set radar.{radar}.doppler_positive to the other one of away and towards",
    "the radar's Doppler is positive for what comes nearer; `moving` is 255 meanwhile",
    "set `radar.NAME.doppler_positive`",
)
NOT_MAPPED = IssueKind(
    "not_mapped",
    "place",
    "a scan is left out of the map: {error}",
    "",
    "the map's frame is not connected to the sensor",
    "set `map.frame`",
)

BAD_MESSAGE = IssueKind(
    "bad_message",
    "messages",
    "{error}",
    "",
    "a single message can't be used; the ledger counts it under its reason",
    "the sentence says what was expected and got",
    "note",
)
INTERNAL_ERROR = IssueKind(
    "internal_error",
    "messages",
    "a fault of this program: {error}",
    "report it with the traceback in the log",
    "something that nobody foresaw; the message is dropped and the work goes on",
    "report it with the traceback in the log",
)

KINDS = tuple(value for value in list(globals().values()) if isinstance(value, IssueKind))
"""All of them, in the order of the page."""

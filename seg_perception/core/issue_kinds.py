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
        code: its name for programs, stable between releases; kinds that exclude each other
            share one.
        subject: the part of the page on which it is explained.
        text: half a sentence; braces name the numbers that an issue of this kind has.
        mend: the other half: what to do about it; may be empty.
        means: what it means, for the page.
        advice: what to do about it at length, for the page.
        level: `error`: an input comes to nothing, or can't be trusted: a replay ends with exit
            code 2; `warning`: a part of it is left out; `note`: the user should know.
    """

    code: str
    subject: Subject
    text: str
    mend: str
    means: str
    advice: str
    level: Level = "error"

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
)
NO_RESULT = IssueKind(
    "no_result",
    "inputs",
    "none of {received} messages gave a result ({reasons})",
    "",
    "everything that came was dropped, for the reasons in brackets",
    "look the reasons up in the ledger's table",
)
INCOMPATIBLE_QOS = IssueKind(
    "incompatible_qos",
    "inputs",
    "{topic}: incompatible QoS, subscribed reliable, offered {offered}",
    "{remedy}",
    "the node was told to listen reliably to a sensor that does not offer it",
    "`node.input_reliability: auto`, or remove the override that the sentence names",
    "warning",
)
NO_CAMERA_INFO = IssueKind(
    "no_camera_info",
    "inputs",
    "no camera_info on {topic}{others}, so points can't be labelled",
    "publish it, or set camera.{camera}.camera_info_topic",
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
SIZE_MISMATCH = IssueKind(
    "size_mismatch",
    "inputs",
    "images are {got}, camera_info describes {expected}",
    "set camera.{camera}.camera_info_topic",
    "the lens belongs to another camera, or the images were scaled without it",
    "name the camera_info that belongs to the images",
)
UNREADABLE = IssueKind(
    "unreadable",
    "inputs",
    "{problem}",
    "",
    "the first message of a sensor can't be read",
    "the sentence says what was expected and got",
)
EMPTY_BAG = IssueKind(
    "empty_bag",
    "inputs",
    "the bag holds no message",
    "record it again",
    "the recorder was stopped before anything came, or listened to nobody",
    "record it again",
)
NO_CAMERA = IssueKind(
    "no_camera",
    "inputs",
    "no camera image among {types}",
    "record an Image or CompressedImage topic",
    "nothing in the bag can be segmented",
    "record an Image or CompressedImage topic",
)
NO_CLOUD = IssueKind(
    "no_cloud",
    "inputs",
    "no point cloud",
    "images will be labelled, nothing else",
    "the bag has cameras alone",
    "nothing, if that is what was meant",
    "note",
)
NO_POINT_TIME = IssueKind(
    "no_point_time",
    "time",
    "no per-point time, a scan is taken as measured at once",
    "",
    "points of a turning lidar are off by the robot's motion during a turn",
    "let the driver publish the time of each point",
    "note",
)
CLOCKS_APART = IssueKind(
    "clocks_apart",
    "time",
    "its stamps lie {apart_s:+.3f} s from those of camera {camera}",
    "{remedy}",
    "two sensors are stamped by clocks that differ by more than `synchronizer.max_gap_s`",
    "`time_offset_s` of one, or synchronise the clocks",
    "warning",
)
AT_REST = IssueKind(
    "at_rest",
    "place",
    "{why}: the robot is taken as at rest",
    "record odom to base_link for moving robots",
    "without a moving transform nothing is compensated",
    "record `/tf` of the odometry",
    "note",
)
TAKEN_AS_BODY_FRAME = IssueKind(
    "taken_as_body_frame",
    "place",
    "frame {frame!r} has its z axis up, as a body frame: it is taken as one",
    "set camera.{camera}.frame_convention=optical if it is not",
    "the guess of `inspect` from tf",
    "`frame_convention: auto` finds out from the data",
    "warning",
)
TYPE_NOT_INSTALLED = IssueKind(
    "type_not_installed",
    "inputs",
    "{error}",
    "",
    "a sensor's message type (a radar's `RadarScan`) is unknown on this machine",
    "install the package that the sentence names",
    "warning",
)
TWIN_NODE = IssueKind(
    "twin_node",
    "inputs",
    "{others} more publishers of {topic}: another node is called {node}",
    "is it started twice?",
    "somebody else publishes under this node's own name",
    "`ros2 node list`; end one, or give it a namespace",
    "warning",
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
    "warning",
)
STAMPS_IN_FUTURE = IssueKind(
    "stamps_in_future",
    "time",
    "stamps lie {ahead_s:.2f} s in the future",
    "synchronise the clocks, or set use_sim_time with a bag",
    "two clocks differ, or a bag plays without `use_sim_time`",
    "synchronise with chrony or PTP; `use_sim_time:=true`",
    "warning",
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
    "jumped back by {back_s:.1f} s",
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
    "warning",
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
    "no_convention",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {scans} of {needed} scans were "
    "tried",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "which axes the camera's frame has can't be told yet; its points are unknown and counted as "
    "`no_convention`: five scans that are paired with images of this camera are needed",
    "wait; if it stays, look for what else is said of camera and lidar",
)
CONVENTION_FEW_POINTS = IssueKind(
    "no_convention",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}: too few; check tf, "
    "and what the sensors see",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "next to no point lands in the image either way",
    "the lidar does not see what the camera sees, or tf is wrong: "
    "`seg-perception check-calibration BAG`",
)
CONVENTION_NOT_UPRIGHT = IssueKind(
    "no_convention",
    "place",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}, and either way the "
    "picture does not stand upright",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "the camera is mounted on its side, upside down, or looks steeply up or down; or z of the "
    "fixed frame is not up",
    "set `frame_convention` by hand",
)
CONVENTION_CONTRADICTION = IssueKind(
    "no_convention",
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
    "warning",
)

MAP_UNPLACED = IssueKind(
    "map_unplaced",
    "place",
    "no scan could be placed in {frame}: {scans} were left out",
    "",
    "the frame of the map that was asked for is connected to no sensor",
    "set `map.frame`",
)
MAP_EMPTY = IssueKind(
    "map_empty",
    "place",
    "empty, no labelled point entered",
    "see what became of the points, and check map.sensors, map.excluded_classes, "
    "map.min_confidence and map.min_scans",
    "no point had a label that enters the map",
    "the table of points says why they have none",
)
MAP_FULL = IssueKind(
    "map_full",
    "place",
    "more than {voxels} voxels, the {given_up} farthest were given up",
    "raise map.max_voxels or map.voxel_m",
    "the map of the whole recording is larger than it may be",
    "raise `map.max_voxels` or `map.voxel_m`",
    "note",
)
MAP_FAR = IssueKind(
    "map_far",
    "place",
    "coordinates in {frame} lie beyond {far_km:g} km, where float32 is coarse",
    "set map.frame to a local frame, for instance odom",
    "the map's frame is a global one, such as UTM",
    "set `map.frame` to a local frame",
    "note",
)
NOT_COPIED = IssueKind(
    "not_copied",
    "inputs",
    "{error}",
    "",
    "`replay --with-inputs` can't copy a topic, for instance one of an unknown type",
    "nothing, if the output needs no such topic",
    "note",
)
BAG_DAMAGED = IssueKind(
    "bag_damaged",
    "inputs",
    "{error}",
    "",
    "the recording is cut or damaged; everything before the damage is used",
    "record it again, or repair it with its recorder's tools",
)

ENGINE_REFUSED = IssueKind(
    "engine_refused",
    "engine",
    "{reason}",
    "",
    "an engine of the chain was passed over",
    "the sentence says why",
    "note",
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

"""Why inputs come to nothing: one cause each, and the one that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import PointStatus
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.diagnosis import Evidence, diagnose
from seg_perception.pipeline.frame_diagnosis import find_namespaced_tf
from seg_perception.pipeline.transform_reader import TransformReader

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
TF_TYPE = "tf2_msgs/msg/TFMessage"
GOOD = StreamCount(10, 10, {}, 0)


@pytest.fixture
def reader() -> TransformReader:
    """A camera and a lidar on a robot that moves."""
    made = TransformReader(TransformTree(buffer_s=100), IssueLog())
    mounted = [StampedTransform("base", child, 0, np.eye(4)) for child in ("lens", "lidar")]
    made.read("/tf_static", encode_tf(mounted), static=True)
    for tenth in range(100):
        move(made, "odom", "base", tenth / 10)
    return made


def move(reader: TransformReader, parent: str, child: str, at_s: float) -> None:
    t = StampedTransform(parent, child, START + round(at_s * SECOND), np.eye(4))
    reader.read("/tf", encode_tf([t]), static=False)


def config(**changes: Any) -> Config:
    values = {
        "cameras": ["front"],
        "camera.front.image_topic": "/front/image_raw",
        "lidars": ["top"],
        "lidar.top.topic": "/top/points",
        "transforms.fixed_frame": "odom",
    }
    values |= {key.replace("__", "."): value for key, value in changes.items()}
    return Config.from_parameters({k: v for k, v in values.items() if v is not None})


def said(
    reader: TransformReader,
    status: PointStatus | None = None,
    counts: Mapping[str, StreamCount] | None = None,
    frames: Mapping[str, str] | None = None,
    stamps: Mapping[str, int] | None = None,
    **changes: Any,
) -> list[str]:
    """What is said of 1000 points of one status; None: no point came."""
    points = dict.fromkeys(PointStatus, 0)
    if status is not None:
        points[status] = 1000
    evidence = Evidence(
        counts={"camera.front": GOOD, "lidar.top": GOOD} | dict(counts or {}),
        points={"top": points},
        frames={"camera.front": "lens", "lidar.top": "lidar"} | dict(frames or {}),
        stamps={"camera.front": START + 9 * SECOND, "lidar.top": START + 9 * SECOND}
        | dict(stamps or {}),
        transforms=reader,
    )
    return [str(issue) for issue in diagnose(config(**changes), evidence)]


def test_nothing_is_said_of_what_goes_well(reader: TransformReader) -> None:
    assert said(reader, PointStatus.LABELLED) == []


def test_a_lidar_that_falls_silent_sends_no_empty_clouds(reader: TransformReader) -> None:
    (only,) = said(reader, counts={"lidar.top": StreamCount(0, 0, {}, 0)})
    assert only.startswith("lidar.top: no message came")


def test_a_lidar_that_sends_empty_clouds_is_not_silent(reader: TransformReader) -> None:
    (only,) = said(reader)
    assert only == "lidar.top: every cloud has 0 points; check the driver"


def test_an_image_without_a_frame_does_not_blame_the_lidar(reader: TransformReader) -> None:
    (only,) = said(reader, PointStatus.NO_TRANSFORM, frames={"camera.front": ""})
    assert only == (
        "camera.front: its images have an empty frame_id, so nobody knows where they were "
        "measured; let its driver name the frame, or set camera.front.frame_id"
    )
    images_alone = {"lidars": None, "lidar.top.topic": None}
    assert said(reader, frames={"camera.front": ""}, **images_alone) == []


def test_a_configured_frame_takes_the_place_of_an_empty_one(reader: TransformReader) -> None:
    frames = {"camera.front": "", "lidar.top": ""}
    changes = {"camera.front.frame_id": "lens", "lidar.top.frame_id": "lidar"}
    assert said(reader, PointStatus.LABELLED, frames=frames, **changes) == []
    lidar = said(reader, PointStatus.NO_TRANSFORM, frames=frames, camera__front__frame_id="lens")
    assert len(lidar) == 1
    assert lidar[0].startswith("lidar.top: its clouds have an empty frame_id")


def test_a_frame_that_was_named_in_the_configuration_alone_is_looked_up(
    reader: TransformReader,
) -> None:
    (only,) = said(reader, PointStatus.NO_TRANSFORM, lidar__top__frame_id="moon")
    assert "frame 'moon' is not known" in only


@pytest.mark.parametrize(
    ("frames", "fixed", "mend"),
    [
        ({"lidar.top": "moon"}, "odom", "; set lidar.top.frame_id, or publish or record"),
        ({"camera.front": "moon"}, "odom", "; set camera.front.frame_id, or publish or record"),
        ({}, "moon", "; set transforms.fixed_frame, or publish or record"),
        # Nobody has misspelt both.
        ({"camera.front": "moon", "lidar.top": "sun"}, "odom", "]; publish or record"),
    ],
)
def test_the_frame_that_is_not_known_is_the_one_to_be_mended(
    reader: TransformReader, frames: dict[str, str], fixed: str, mend: str
) -> None:
    (only,) = said(reader, PointStatus.NO_TRANSFORM, frames=frames, transforms__fixed_frame=fixed)
    assert mend in only


def test_a_mounting_that_came_once_on_tf_is_named(reader: TransformReader) -> None:
    move(reader, "base", "mast", 1.0)
    (only,) = said(reader, PointStatus.NO_TRANSFORM, frames={"lidar.top": "mast"})
    assert only.startswith("/tf: transform base <- mast came once on /tf and never again; what")
    assert "/tf_static" in only


def test_what_came_once_above_the_fixed_frame_matters_to_nobody(reader: TransformReader) -> None:
    move(reader, "map", "odom", 1.0)
    (only,) = said(reader, PointStatus.NO_TRANSFORM)
    assert only.startswith("lidar.top: no transform at its stamps")


def test_two_parents_are_mended_first(reader: TransformReader) -> None:
    for tenth in range(3):
        move(reader, "camera_init", "lidar", tenth / 10)
    (only,) = said(reader, PointStatus.NO_TRANSFORM)
    assert "end one of the publishers of two parents (lidar), or" in only
    assert "transforms.fixed_frame" not in only


def test_stamps_of_two_worlds_are_not_bridged_by_a_larger_gap(reader: TransformReader) -> None:
    (far,) = said(reader, PointStatus.NO_LABEL_MAP, stamps={"lidar.top": 9 * SECOND})
    assert far == (
        "lidar.top: no label map near it in time: the last stamps are +1700000000.000 s apart; set "
        "the drivers of both sensors to one clock"
    )
    both = {"lidar.top": 0, "camera.front": 0}
    (unset,) = said(reader, PointStatus.NO_LABEL_MAP, stamps=both)
    assert unset == (
        "lidar.top: no label map can be found for it: stamps of camera.front and lidar.top are 0; "
        "let the drivers stamp what they publish"
    )
    (near,) = said(reader, PointStatus.NO_LABEL_MAP, stamps={"lidar.top": START + 8 * SECOND})
    assert "are +1.000 s apart; set time_offset_s of one sensor, or raise max_gap_s" in near


def test_a_camera_that_is_silent_is_no_gap_in_time(reader: TransformReader) -> None:
    """Points that only it would see have no label map, which is said of it alone."""
    rear = {"cameras": ["front", "rear"], "camera.rear.image_topic": "/rear/image_raw"}
    dead = {"camera.rear": StreamCount(0, 0, {}, 0)}
    near = {"lidar.top": START + 9 * SECOND - 1}
    (only,) = said(reader, PointStatus.NO_LABEL_MAP, counts=dead, stamps=near, **rear)
    assert only.startswith("camera.rear: no message came")


def test_a_rate_limit_that_parts_images_and_clouds_is_named(reader: TransformReader) -> None:
    limited = {"camera.front": StreamCount(100, 10, {"rate_limited": 90}, 0)}
    between = {"status": PointStatus.NO_LABEL_MAP, "counts": limited}
    (only,) = said(reader, **between, camera__front__max_rate_hz=1.0)
    assert only == (
        "lidar.top: 100% of its points have no label map within synchronizer.max_gap_s (0.25 s), "
        "since camera.front.max_rate_hz lets an image pass every 1 s only; set it to 2 Hz or more, "
        "limit lidar.top.max_rate_hz too, or raise max_gap_s"
    )
    (fast,) = said(reader, **between, camera__front__max_rate_hz=2.0)
    assert "set time_offset_s of one sensor" in fast
    (unlimited,) = said(reader, PointStatus.NO_LABEL_MAP, camera__front__max_rate_hz=1.0)
    assert "set time_offset_s of one sensor" in unlimited
    assert said(reader, PointStatus.LABELLED, counts=limited, camera__front__max_rate_hz=1.0) == []


def test_images_that_the_engine_could_not_follow_are_no_gap_of_the_clocks(
    reader: TransformReader,
) -> None:
    slow = {"camera.front": StreamCount(100, 10, {"superseded": 89}, 1)}
    (only,) = said(reader, PointStatus.NO_LABEL_MAP, counts=slow)
    assert only == (
        "lidar.top: no label map within synchronizer.max_gap_s (0.25 s), since camera.front labels "
        "few of its images: 89 of 100 were superseded by newer ones; take a smaller model or a "
        "faster engine, label fewer cameras, or raise max_gap_s"
    )
    # Not where the clocks differ, nor where most were labelled.
    apart = {"lidar.top": START + 8 * SECOND}
    (offset,) = said(reader, PointStatus.NO_LABEL_MAP, counts=slow, stamps=apart)
    assert "set time_offset_s of one sensor" in offset
    most = {"camera.front": StreamCount(100, 60, {"superseded": 40}, 0)}
    (between,) = said(reader, PointStatus.NO_LABEL_MAP, counts=most)
    assert "set time_offset_s of one sensor" in between


def test_transforms_under_a_namespace_are_found_with_the_remapping() -> None:
    topics = {"/a200_0000/tf": TF_TYPE, "/a200_0000/tf_static": TF_TYPE, "/x/tf": "std_msgs/String"}
    (issue,) = find_namespaced_tf(topics)
    assert issue.sentence == (
        "nothing on /tf and /tf_static, but on /a200_0000/tf, /a200_0000/tf_static; start the node "
        "with --ros-args -r /tf:=/a200_0000/tf -r /tf_static:=/a200_0000/tf_static; commands that "
        "read a bag take --remap /tf:=/a200_0000/tf --remap /tf_static:=/a200_0000/tf_static"
    )
    assert list(find_namespaced_tf(topics | {"/tf": TF_TYPE})) == []
    assert list(find_namespaced_tf({"/front/image_raw": "sensor_msgs/msg/Image"})) == []

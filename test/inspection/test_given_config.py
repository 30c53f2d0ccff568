"""`inspect --config`: a bag judged by a robot's file, and what to publish for a correction."""

from __future__ import annotations

import json
import shlex
from itertools import pairwise

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.config import Config
from seg_perception.geometry.quaternion import quaternion_to_matrix
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inspection import inspect_bag, suggest_config
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY


def judged(world, **parameters):
    bag = world.folder / "in.mcap"
    if not bag.exists():
        world.bag(world.events(count=2))
    given = suggest_config(inspect_bag(bag)).to_parameters()
    changed = {key.replace("__", "."): value for key, value in parameters.items()}
    return inspect_bag(bag, Config.from_parameters({**given, **changed}))


def codes(inspection):
    return {(issue.code, issue.stream) for issue in inspection.issues}


CORRECTION = {
    "camera__front__correction_xyz_m": [0.1, 0.0, -0.02],
    "camera__front__correction_rpy_deg": [0.5, -1.0, 2.0],
}


def test_a_correction_is_said(world):
    found = judged(world, **CORRECTION)
    assert ("extrinsics_corrected", "camera.front") in codes(found)
    assert not codes(judged(world)) & {("extrinsics_corrected", "camera.front")}
    assert judged(world).mounts == ()


@pytest.mark.parametrize("convention", ["optical", "body"])
def test_what_is_printed_for_other_nodes_does_what_the_correction_does(world, convention):
    found = judged(world, camera__front__frame_convention=convention, **CORRECTION)
    (mount,) = found.mounts
    words = shlex.split(mount.to_json()["static_transform_publisher"])
    value = {name: word for name, word in pairwise(words) if name[:2] == "--"}
    printed = np.eye(4)
    printed[:3, :3] = quaternion_to_matrix(*(float(value[f"--q{axis}"]) for axis in "xyzw"))
    printed[:3, 3] = [float(value[f"--{axis}"]) for axis in "xyz"]
    parent, child = value["--frame-id"], value["--child-frame-id"]
    assert (parent, child) == (mount.parent, mount.child)
    tree = found.facts.tree
    lidar = found.facts.topics[world.points_topic].frame_id
    T_of_tf = tree.lookup(child, lidar, world.start_ns)
    mended = TransformTree()
    mended.set_static(parent, child, printed)
    mended.set_static(parent, "lidar", tree.lookup(parent, lidar, world.start_ns))
    axes = T_OPTICAL_BODY if convention == "body" else np.eye(4)
    correction = found.mounts[0]
    assert correction.T_parent_child is not None
    expected = _correction() @ axes @ T_of_tf
    np.testing.assert_allclose(axes @ mended.lookup(child, "lidar", 0), expected, atol=1e-5)


def _correction():
    roll, pitch, yaw = np.radians([0.5, -1.0, 2.0])
    (cr, sr), (cp, sp), (cy, sy) = ((np.cos(a), np.sin(a)) for a in (roll, pitch, yaw))
    T = np.eye(4)
    T[:3, :3] = (
        np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        @ np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    )
    T[:3, 3] = 0.1, 0, -0.02
    return T


def test_where_nothing_can_be_published_it_says_why(world):
    (mount,) = judged(world, camera__front__frame_convention="auto", **CORRECTION).mounts
    assert mount.T_parent_child is None
    assert "frame_convention is auto" in mount.problem
    (mount,) = judged(world, camera__front__frame_id="elsewhere", **CORRECTION).mounts
    assert "no static transform has its frame 'elsewhere'" in mount.lines[0]


def test_what_is_configured_and_not_recorded_is_said_and_the_rest_is_judged(world):
    found = judged(world, lidars=["top", "rear"], lidar__rear__topic="/rear/points")
    assert ("no_message", "lidar.rear") in codes(found)
    assert list(found.parameters["lidars"]) == ["top"]
    none = judged(world, camera__front__image_topic="/elsewhere")
    assert not none.runnable
    assert ("no_message", "camera.front") in codes(none)
    assert ("no_camera", "") not in codes(none)


def test_names_of_a_robots_namespace_are_full_names_in_a_bag(world):
    relative = world.points_topic.lstrip("/")
    assert list(judged(world, lidar__top__topic=relative).parameters["lidars"]) == ["top"]


def test_a_fixed_frame_that_nobody_publishes_is_said(world):
    found = judged(world, transforms__fixed_frame="nowhere")
    sentence = next(str(i) for i in found.issues if i.code == "no_transform")
    assert "'nowhere' is not known" in sentence
    assert "set transforms.fixed_frame" in sentence


def test_a_sensors_configured_frame_is_the_one_that_is_looked_up(world):
    found = judged(world, lidar__top__frame_id="nowhere")
    assert any(i.code == "no_transform" and "'nowhere'" in str(i) for i in found.issues)


def test_guesses_are_not_made_about_what_was_given(world):
    found = judged(world, camera__front__frame_convention="body")
    assert not {code for code, _ in codes(found)} & {"taken_as_body_frame", "at_rest"}


def test_the_command_prints_the_line_and_not_the_parameters(world, tmp_path):
    bag = world.bag()
    robot = tmp_path / "robot.yaml"
    config = suggest_config(inspect_bag(bag))
    robot.write_text(config.to_file())
    arguments = ["inspect", str(bag), "--config", str(robot)]
    setting = ["--set", "camera.front.correction_rpy_deg=[0.0, 1.0, 0.0]"]
    text = CliRunner().invoke(app, [*arguments, *setting]).stdout
    assert "ros2 run tf2_ros static_transform_publisher --x" in text
    assert "/**:" not in text
    document = json.loads(CliRunner().invoke(app, [*arguments, *setting, "--json"]).stdout)
    (mount,) = document["mounts"]
    assert mount["static_transform_publisher"] in text
    assert mount["urdf_origin"] in text
    assert "mounts" not in json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)


def test_settings_alone_and_a_bundles_configuration_are_refused(world, tmp_path):
    alone = CliRunner().invoke(app, ["inspect", str(world.bag()), "--set", "lidars=[top]"])
    assert alone.exit_code
    assert "expected beside --config" in alone.output
    bundle = CliRunner().invoke(app, ["inspect", str(world.bundle), "--config", "robot.yaml"])
    assert "is a bundle" in bundle.output


def test_an_offset_that_is_set_is_not_asked_for_again(world):
    late = judged(world, camera__front__time_offset_s=2.0)
    (sentence,) = (str(i) for i in late.issues if i.code == "clocks_apart")
    assert "set lidar.top.time_offset_s=2.00" in sentence
    both = judged(world, camera__front__time_offset_s=2.0, lidar__top__time_offset_s=2.0)
    assert "clocks_apart" not in {code for code, _ in codes(both)}


def test_a_frame_that_two_cameras_share_is_warned_of(world):
    found = judged(
        world,
        cameras=["front", "twin"],
        camera__twin__image_topic=world.image_topic,
        **CORRECTION,
    )
    (mount,) = found.mounts
    assert "camera twin has the same frame" in mount.lines[-1]


@pytest.mark.parametrize(
    ("topic", "code", "words"),
    [
        ("/camera/front/depth/image_rect_raw", "unreadable", "carries depths (16UC1)"),
        ("/oak/stereo/image_raw", "perhaps_depths", "encoded as 16UC1, as depths are"),
    ],
)
def test_depths_that_are_given_as_pictures_are_said(world, topic, code, words):
    message = world.image(world.start_ns)
    message.encoding, message.step = "16UC1", 2 * message.width
    message.data = np.full((message.height, message.width), 1500, np.uint16).reshape(-1).view("u1")
    world.bag([*world.events(count=2), (world.start_ns, topic, message)])
    found = judged(world, camera__front__image_topic=topic)
    (said,) = [issue for issue in found.issues if issue.code == code]
    assert said.stream == "camera.front"
    assert words in said.sentence

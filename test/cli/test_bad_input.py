"""Bad input on the command line: one sentence with its mend, exit code 2, nothing lost."""

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.io.messages import CompressedImage, Header

LABELS = "/camera/front/semantic/label_image"
CLOUD = "/lidar/top/semantic/points"
Events = list[tuple[int, str, Any]]


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def replay(world: Any, bag: Any, *arguments: str) -> Any:
    setting = f"segmentation.bundle={world.bundle}"
    return run("replay", bag, "-o", world.folder / "out.mcap", "--set", setting, *arguments)


def without(topic: str) -> Callable[[Any, Events], Events]:
    return lambda _world, events: [event for event in events if event[1] != topic]


def each(topic: str, change: Callable[[Any, Any], Any]) -> Callable[[Any, Events], Events]:
    """Change every message of a topic: `change` returns what takes its place."""

    def apply(world: Any, events: Events) -> Events:
        return [(t, name, change(world, m) if name == topic else m) for t, name, m in events]

    return apply


def set_field(name: str, value: object) -> Callable[[Any, Any], Any]:
    def change(_world: Any, message: Any) -> Any:
        setattr(message, name, value)
        return message

    return change


def rename_frame(_world: Any, message: Any) -> Any:
    message.header.frame_id = "nowhere"
    return message


def zero_k(_world: Any, message: Any) -> Any:
    message.k = np.zeros(9)
    return message


def strange_lens(_world: Any, message: Any) -> Any:
    message.distortion_model, message.d = "fov", np.array([0.9])
    return message


def no_points(world: Any, message: Any) -> Any:
    return world.points(world.start_ns, xyz=())


def nan_points(world: Any, message: Any) -> Any:
    return world.points(world.start_ns, xyz=[(np.nan,) * 3] * 4)


def corrupt_jpeg(world: Any, message: Any) -> Any:
    return CompressedImage(Header.at(world.start_ns, "camera_optical"), "jpeg", b"\xff\xd8 not")


IMAGE, LENS, POINTS = "/camera/front/image_raw", "/camera/front/camera_info", "/lidar/top/points"
CASES = {
    "no camera_info": (without(LENS), "set camera.front.camera_info_topic", LABELS),
    "K of zeros": (each(LENS, zero_k), "calibrate", LABELS),
    "a lens of no known kind": (each(LENS, strange_lens), "'fov' with 1 coeff", LABELS),
    "wrong frame": (each(POINTS, rename_frame), "frame 'nowhere' is not known", LABELS),
    "no transform": (without("/tf_static"), "no transform for its points", LABELS),
    "0 points": (each(POINTS, no_points), "0 points; check the driver", LABELS),
    "all NaN": (
        each(POINTS, nan_points),
        "every cloud has no finite point within min_range_m",
        LABELS,
    ),
    "corrupt JPEG": (each(IMAGE, corrupt_jpeg), "JPEG", CLOUD),
    "unknown encoding": (each(IMAGE, set_field("encoding", "klingon8")), "klingon8", CLOUD),
    "another size": (
        each(LENS, set_field("width", 128)),
        "images are 64x48, camera_info describes 128x48",
        CLOUD,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bag_with(name, world):
    spoil, sentence, kept = CASES[name]
    result = replay(world, world.bag(spoil(world, world.events())))
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    # What can be done without the bad input is done and kept.
    assert world.topics(world.folder / "out.mcap")[kept] == 5


def test_one_corrupt_frame_of_many_is_a_note(world):
    events = world.events()
    next(m for _, topic, m in events if topic == IMAGE).encoding = "klingon8"
    result = replay(world, world.bag(events))
    assert result.exit_code == 0
    assert "note: camera.front" in result.stderr


def test_time_jumping_back(world):
    events = world.events(count=20)
    again = [(t + 2_000 * world.ms, topic, message) for t, topic, message in events]
    result = replay(world, world.bag([*events, *again]))
    assert result.exit_code == 0
    assert "jumped back by 1.9 s" in result.stderr


def test_truncated_bag(world):
    bag = world.bag(world.events(count=50))
    bag.write_bytes(bag.read_bytes()[: bag.stat().st_size * 2 // 3])
    result = replay(world, bag)
    assert result.exit_code == 2
    assert "the recording" in result.stderr
    assert world.topics(world.folder / "out.mcap")[LABELS] > 0


@pytest.mark.parametrize("content", [b"", b"\x89MCAP0\r\n", b"hello, I am no bag"])
def test_empty_bag(world, content):
    bag = world.folder / "empty.mcap"
    bag.write_bytes(content)
    result = replay(world, bag)
    assert result.exit_code == 2
    assert "record it again" in result.stderr


def test_bag_that_is_not_there(world):
    result = replay(world, world.folder / "nope.mcap")
    assert result.exit_code == 2
    assert "check the path" in result.stderr


def test_missing_topic_lists_what_would_do(world):
    result = replay(world, world.bag(), "--set", "camera.front.image_topic=/nope")
    assert result.exit_code == 2
    assert "set camera.front.image_topic to one of its topics (/camera/front/image_raw)" in (
        result.stderr
    )


def test_topic_of_another_type(world):
    result = replay(world, world.bag(), "--set", f"lidar.top.topic={LENS}")
    assert result.exit_code == 2
    assert "carries sensor_msgs/msg/CameraInfo" in result.stderr


def test_bundle_with_a_wrong_hash(world):
    altered = world.folder / "altered"
    shutil.copytree(world.bundle, altered)
    with (altered / "model.onnx").open("ab") as file:
        file.write(b"x")
    bag = world.bag()
    arguments = ["--set", f"segmentation.bundle={altered}"]
    for result in (run("inspect", altered), replay(world, bag, *arguments)):
        assert result.exit_code == 2
        assert "model.onnx was altered" in result.stderr
    assert not (world.folder / "out.mcap").exists()


def test_output_that_exists(world):
    bag = world.bag()
    result = run("replay", bag, "-o", bag)
    assert result.exit_code == 2
    assert world.topics(bag)[IMAGE] == 5


def test_unknown_parameter_names_the_nearest(world):
    result = replay(world, world.bag(), "--set", "transfer.cel_px=8")
    assert result.exit_code == 2
    assert "did you mean 'transfer.cell_px'?" in result.stderr


def test_a_bag_without_any_sensor(world):
    bag = world.bag([(world.start_ns, "/tf_static", world.mounting())])
    assert run("inspect", bag).exit_code == 2
    result = replay(world, bag)
    assert result.exit_code == 2
    assert "no camera image among" in result.stderr


def test_depths_are_no_camera_and_a_replay_says_so(world):
    at = world.start_ns
    depths = world.image(at)
    depths.encoding, depths.step, depths.data = "16UC1", 128, bytes(128 * 48)
    result = replay(world, world.bag([(at, "/d435/image", depths)]))
    assert result.exit_code == 2
    assert "/d435/image hold no photographs; record the Image" in result.stderr
    events = [*world.events(), (at, "/d435/image", depths)]
    result = replay(world, world.bag(events, "both.mcap"))
    assert result.exit_code == 0
    assert "note: /d435/image: it is no camera, its images hold depths (16UC1)" in result.stderr


def test_images_alone_need_no_camera_info(world):
    images = [event for event in world.events() if event[1] == IMAGE]
    result = replay(world, world.bag(images))
    assert result.exit_code == 0, result.output
    assert world.topics(world.folder / "out.mcap")[LABELS] == 5


INSPECTED = {
    "no camera_info": "points can't be labelled; publish or record it, or set",
    "K of zeros": "calibrate the camera",
    "a lens of no known kind": "'fov' with 1 coeff",
    "wrong frame": "set lidar.top.frame_id, or publish or record the missing transform",
    "no transform": "not known, expected one of []; publish or record the missing transform",
    "0 points": "the first cloud has 0 points; check the driver",
    "all NaN": "the first cloud has no finite point within min_range_m and max_range_m; check",
    "corrupt JPEG": "expected a JPEG or PNG file",
    "unknown encoding": "klingon8",
    "another size": "images are 64x48, camera_info describes 128x48",
}


@pytest.mark.parametrize("name", CASES)
def test_inspection_says_it_beforehand(name, world):
    spoil, _, _ = CASES[name]
    result = run("inspect", world.bag(spoil(world, world.events())))
    found = [line for line in result.stdout.splitlines() if line.startswith(("error:", "warning:"))]
    assert len(found) == 1, result.output
    assert INSPECTED[name] in found[0]
    assert result.exit_code == (2 if found[0].startswith("error:") else 0)


def test_damage_is_told_once(world):
    bag = world.bag(world.events(count=50))
    content = bytearray(bag.read_bytes())
    content[300:316] = b"\xff" * 16
    bag.write_bytes(content)
    result = replay(world, bag)
    assert result.exit_code == 2
    told = [line for line in result.stderr.splitlines() if "its messages are left out" in line]
    assert len(told) == 1
    assert world.topics(world.folder / "out.mcap")[LABELS] == 40

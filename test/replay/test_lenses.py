"""Lenses that can't be, or seldom are, or come from a file: in a replay and in `inspect` alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inspection import inspect_bag
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import ReplayOptions, replay

CLOUD = "/lidar/top/semantic/points"
# fx = fy = 32, cx = 31.5, cy = 23.5 for 64x48 pixels.
NORMALISED = [32, 0, 0.4921875, 0, 32, 0.48958, 0, 0, 1]
ALL_NORMALISED = [0.5, 0, 0.4921875, 0, 0.66667, 0.48958, 0, 0, 1]
DISTORTION = np.array([1e-9, 0, 0, 0])
TRANSPOSED = [32, 0, 0, 0, 32, 0, 31.5, 23.5, 1]


def bag_with(world: Any, name: str = "in.mcap", **changes: Any) -> Path:
    """Every camera_info of the bag is changed so."""
    events = [
        (at, topic, replace(message, **changes) if topic == world.lens_topic else message)
        for at, topic, message in world.events()
    ]
    return world.bag(events, name)  # type: ignore[no-any-return]


def labels(world: Any, bag: Path, **parameters: Any) -> tuple[Any, list[Any]]:
    out = world.folder / f"{bag.stem}_out.mcap"
    summary = replay(bag, out, world.config(**parameters), ReplayOptions())
    clouds = [decode_cloud(message) for message in world.read(out, CLOUD)]
    return summary, [cloud.points["label"].tolist()[0] for cloud in clouds]


@pytest.mark.parametrize(
    ("k", "cause"),
    [
        (NORMALISED, "in shares of the image; in pixels it is (31.5, 23.4998)"),
        (ALL_NORMALISED, "no lens sees so wide; it is in shares of the image"),
        (TRANSPOSED, "the last row of K is (31.5, 23.5, 1), not (0, 0, 1): it is transposed"),
    ],
)
def test_a_lens_that_can_not_be_labels_no_point_and_says_why(
    world: Any, k: list[float], cause: str
) -> None:
    bag = bag_with(world, k=np.array(k, np.float64))
    summary, found = labels(world, bag)
    assert found == [[world.unknown] * 3] * 5
    assert summary.streams["camera.front"].published == 5
    for issues in (summary.issues, inspect_bag(bag).issues):
        (said,) = [issue for issue in issues if issue.code == "bad_camera_info"]
        assert (said.stream, said.level) == ("camera.front", "error")
        assert cause in said.sentence
        assert "set camera.front.calibration_file" in said.mend


def test_a_lens_that_seldom_is_is_said_and_used(world: Any) -> None:
    # As if the image were the left half of one of 128x48.
    bag = bag_with(world, k=np.array([32, 0, 63.5, 0, 32, 23.5, 0, 0, 1.0]))
    summary, found = labels(world, bag)
    # (10, 2) lies at 63.5 - 6.4, in the right half; (10, -2) outside.
    assert found == [[world.green, world.unknown, world.unknown]] * 5
    for issues in (summary.issues, inspect_bag(bag).issues):
        (said,) = [issue for issue in issues if issue.code == "odd_camera_info"]
        assert said.level == "warning"
        assert "(63.5, 23.5), far from the centre of an image of 64x48" in said.sentence


def test_a_calibration_file_labels_where_the_driver_is_wrong(world: Any, tmp_path: Path) -> None:
    file = tmp_path / "front.yaml"
    file.write_text(
        "{image_width: 64, image_height: 48, distortion_model: plumb_bob,\n"
        "camera_matrix: {data: [32, 0, 31.5, 0, 32, 23.5, 0, 0, 1]},\n"
        "distortion_coefficients: {data: [0, 0, 0, 0, 0]}}\n"
    )
    bag = bag_with(world, k=np.array(TRANSPOSED, np.float64))
    summary, found = labels(world, bag, camera__front__calibration_file=str(file))
    assert found == [[world.red, world.green, world.unknown]] * 5
    assert summary.problems == ()
    (note,) = [issue for issue in summary.issues if issue.code == "calibration_file"]
    assert str(file) in note.sentence


def test_a_calibration_file_needs_no_camera_info(world: Any, tmp_path: Path) -> None:
    file = tmp_path / "front.yaml"
    file.write_text(
        "{image_width: 64, image_height: 48, camera_matrix: {data: [32, 0, 31.5, 0, 32, 23.5,\n"
        "0, 0, 1]}, distortion_coefficients: {data: []}}\n"
    )
    bag = world.bag([event for event in world.events() if event[1] != world.lens_topic])
    summary, found = labels(world, bag, camera__front__calibration_file=str(file))
    assert found == [[world.red, world.green, world.unknown]] * 5
    assert summary.problems == ()


# A pair of cameras that look along the lidar's x axis, the left one a metre to the left.
AXES = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)
LEFT = AXES + np.array([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
IMAGE_RECT = "/camera/front/image_rect"


def stereo_bag(world: Any, frames: dict[str, Any], own: str) -> Path:
    """Rectified images of the right camera, and a point half a metre to its right."""
    # Tx = -fx B = -32 for a metre.
    p = np.array([32, 0, 31.5, -32, 0, 32, 23.5, 0, 0, 0, 1, 0.0])
    mounted = [StampedTransform("base_link", "lidar", 0, np.eye(4))]
    mounted += [StampedTransform("base_link", name, 0, T) for name, T in frames.items()]
    events = []
    for at, topic, message in world.events():
        header = replace(message.header, frame_id=own) if hasattr(message, "header") else None
        if topic == "/tf_static":
            events.append((at, topic, encode_tf(mounted)))
        elif topic == world.lens_topic:
            events.append((at, topic, replace(message, header=header, p=p)))
        elif topic == world.image_topic:
            events.append((at, IMAGE_RECT, replace(message, header=header)))
        else:
            stamp_ns = at - 5 * world.ms
            events.append((at, topic, world.points(stamp_ns, [(10, -0.5, 0)])))
    return world.bag(events)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("frames", "own", "says"),
    [
        # 31.5 + 32 * 0.5 / 10 = 33.1 in the right, green half; a metre more to the left is red.
        ({"right": AXES, "left": LEFT}, "right", "tf has frame 'left': the baseline is in tf"),
        ({"right": AXES, "left": LEFT}, "left", "its frame 'left' is taken for that of the first"),
        ({"left": LEFT}, "left", "its frame 'left' is taken for that of the first"),
    ],
)
def test_a_baseline_in_tf_and_in_p_is_applied_once(
    world: Any, frames: dict[str, Any], own: str, says: str
) -> None:
    bag = stereo_bag(world, frames, own)
    parameters = {"camera__front__image_topic": IMAGE_RECT, "camera__front__rectified": True}
    summary, found = labels(world, bag, **parameters)
    assert found == [[world.green]] * 5
    for issues in (summary.issues, inspect_bag(bag).issues):
        (said,) = [issue for issue in issues if issue.code == "stereo_baseline"]
        assert "P has the first camera of its pair 1.000 m away" in said.sentence
        assert says in said.sentence
        assert said.level == "note"


def beside(angle_deg: float, distance: float = 10.0) -> tuple[float, float, float]:
    """A point to the left, at an angle from straight ahead, in the lidar's frame."""
    angle = np.radians(angle_deg)
    return distance * float(np.cos(angle)), distance * float(np.sin(angle)), 0.0


def test_a_fisheye_labels_what_lies_past_its_plane_where_its_angle_is_known(world: Any) -> None:
    # 18 px a radian: 92 degrees to the left are 28.9 px from the middle of 64 columns, 97 are 30.5.
    k = [18, 0, 31.5, 0, 18, 23.5, 0, 0, 1]
    events = [
        (
            at,
            topic,
            replace(message, k=np.array(k, float), distortion_model="equidistant", d=DISTORTION)
            if topic == world.lens_topic
            else message,
        )
        for at, topic, message in world.events()
    ]
    points = [beside(a) for a in (45, 92, 97, 105, -97, 180)]
    points.append(beside(97, 30.0))
    events = [
        (at, topic, world.points(at - 5 * world.ms, points) if topic == world.points_topic else m)
        for at, topic, m in events
    ]
    bag = world.bag(events)
    usual, without = labels(world, bag)
    red, green, none = world.red, world.green, world.unknown
    assert without == [[red, none, none, none, none, none, none]] * 5
    (note,) = [note for note in usual.notes if "fisheye_angle_deg" in note]
    assert note.startswith("camera.front: its image reaches 127 degrees off the axis")
    assert note in [str(issue) for issue in inspect_bag(bag).issues]
    (world.folder / "in_out.mcap").unlink()
    summary, found = labels(world, bag, camera__front__fisheye_angle_deg=100.0)
    # The last one lies behind the third, on the same ray.
    assert [label[:6] for label in found] == [[red, red, red, none, green, none]] * 5
    assert not [note for note in summary.notes if "fisheye" in note]

"""Cuboids before a camera: boxes worked out by hand, and bags that hold them.

The camera of `bags.World` has 64x48 pixels, a focal length of 32, and its axis at 31.5, 23.5; it
looks along x of the lidar. A box's edges are half a pixel more than a lens's pixels.
"""

import json

import numpy as np
import pytest
from detected_cuboids import detection, detections

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.types import Calibration
from seg_perception.datasets.viking_hill import Cuboids
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.transforms import encode_tf
from seg_perception.open_vocabulary.frames import BagFrames
from seg_perception.open_vocabulary.pointing.cuboids import of_detections, of_export
from seg_perception.open_vocabulary.pointing.outline import hidden, outlines

T_CAMERA_LIDAR = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64)
AHEAD, BEHIND_IT, TO_THE_LEFT, BACK, FAR = (
    ((10, 0, 0), (2, 4, 4)),
    ((20, 0, 0), (2, 6, 6)),
    ((10, 10, 0), (2, 4, 4)),
    ((-10, 0, 0), (2, 4, 4)),
    ((100, 0, 0), (2, 4, 4)),
)


def lens() -> CameraModel:
    k = np.array([[32.0, 0, 31.5], [0, 32, 23.5], [0, 0, 1]])
    return CameraModel.from_calibration(Calibration(64, 48, k, p=np.hstack([k, np.zeros((3, 1))])))


def cuboids(*boxes) -> Cuboids:
    centers, extents = (np.array(part, np.float64) for part in zip(*boxes, strict=True))
    count = len(boxes)
    return Cuboids(centers, np.tile(np.eye(3), (count, 1, 1)), extents, np.zeros(count, np.int64))


def test_the_box_of_a_cuboid_is_that_of_its_nearest_face():
    (one,) = outlines(cuboids(AHEAD), T_CAMERA_LIDAR, lens())
    # The face at 9 m: 2 m to each side are 32 * 2 / 9 = 7.111 pixels.
    np.testing.assert_allclose(one.box, (24.889, 16.889, 39.111, 31.111), atol=0.001)
    assert one.distance == pytest.approx(9)


def test_a_turned_cuboid_is_wider():
    turned = cuboids(((10, 0, 0), (2, 2, 4)))
    turned.rotations[0] = [[0.70710678, -0.70710678, 0], [0.70710678, 0.70710678, 0], [0, 0, 1]]
    (one,) = outlines(turned, T_CAMERA_LIDAR, lens())
    # Its edges lie 1.4142 m ahead, behind and beside its middle: 32 * 1.4142 / 10 = 4.525 pixels.
    np.testing.assert_allclose(one.box[::2], (32 - 4.525, 32 + 4.525), atol=0.001)
    # The nearest edge is at 8.586 m, where 2 m are 7.454 pixels.
    np.testing.assert_allclose(one.box[1::2], (24 - 7.454, 24 + 7.454), atol=0.001)


def test_a_cuboid_that_the_picture_cuts_reaches_to_its_border():
    (one,) = outlines(cuboids(TO_THE_LEFT), T_CAMERA_LIDAR, lens())
    # 8 m to the left at 11 m: 31.5 - 32 * 8 / 11 = 8.227; the nearest face is 7.111 high and low.
    np.testing.assert_allclose(one.box, (0, 16.889, 8.727, 31.111), atol=0.001)


def test_what_is_behind_or_too_small_has_no_box_and_what_is_covered_is_hidden():
    found = outlines(cuboids(FAR, BEHIND_IT, BACK, AHEAD), T_CAMERA_LIDAR, lens())
    # The far one has 32 * 4 / 99 = 1.3 pixels; 6 m at 19 m are 10.1 of the 14.2 before them.
    assert [one.number for one in found] == [3, 1]
    assert hidden(found, (64, 48)) == {1}
    assert hidden(found[1:], (64, 48)) == set()


def test_detections_of_a_bag_point_at_its_pictures(world):
    start = world.start_ns
    events = world.events(20)
    seen = [
        detection(AHEAD, ("tree", 0.3), ("log", 0.6)),
        detection(BEHIND_IT, ("log", 0.9)),
        detection(BACK, ("stone", 0.9)),
        detection(TO_THE_LEFT),
    ]
    events.append((start + 20 * world.ms, "/objects", detections(start + 2 * world.ms, *seen)))
    path = world.bag(sorted(events, key=lambda event: event[0]))
    config = world.config(camera__front__frame_convention="optical")
    pointer = of_detections(path, config)
    assert [entry.name for entry in pointer.words.classes] == ["log", "stone"]
    frames = {frame.name: frame for frame in BagFrames(path, config, 1).frames()}
    first = pointer.known(frames[f"front_{start}"])
    (known,) = first.known
    assert known.place == 0
    np.testing.assert_allclose(known.prompt.box, (24.889, 16.889, 39.111, 31.111), atol=0.001)
    assert {(i.code, i.about) for i in first.issues} == {
        ("cuboid_outside", "stone"),
        ("cuboid_hidden", "log"),
    }
    # Pictures come each tenth of a second; those up to a quarter of one after it see them, too.
    seen_in = [name for name, frame in frames.items() if pointer.known(frame).known]
    assert len(seen_in) == 3
    assert {i.code: i.count for i in pointer.issues} == {"cuboid_unnamed": 1, "no_cuboids": 17}


def test_a_bag_without_detections_is_refused(world):
    with pytest.raises(OpenVocabularyError, match="expected detections of classes on a topic"):
        of_detections(world.bag(), world.config())


def test_cuboids_of_an_export_lie_in_the_map_and_the_robot_drives_past(world, tmp_path):
    start = world.start_ns
    events = world.events(30)
    # The robot goes 1 m a second, and is known until the 25th picture.
    for n in range(26):
        T = np.eye(4)
        T[0, 3] = n / 10
        stamp = start + n * 100 * world.ms
        events.append((stamp, "/tf", encode_tf([StampedTransform("map", "base_link", stamp, T)])))
    path = world.bag(sorted(events, key=lambda event: event[0]))
    entry = {
        "id": 1,
        "category_id": 3,
        "position": dict(zip("xyz", (11.0, 0, 0), strict=True)),
        "dimensions": dict(zip("xyz", (2.0, 4, 4), strict=True)),
        "rotation": {"qx": 0, "qy": 0, "qz": 0, "qw": 1},
    }
    labels = {"ground-truth": {"attributes": {"annotations": [entry]}}}
    export = tmp_path / "cuboids.json"
    export.write_text(json.dumps({"dataset": {"samples": [{"labels": labels}]}}))
    config = world.config(camera__front__frame_convention="optical", transforms__fixed_frame="map")
    pointer = of_export(path, config, export, "viking_hill")
    frames = list(BagFrames(path, config, 1).frames())
    known, last = pointer.known(frames[10]), pointer.known(frames[29])
    (thing,) = known.known
    assert pointer.words.classes[thing.place].name == "rock"
    # A second on, its nearest face is at 10 - 1 m: 32 * 2 / 9 = 7.111.
    np.testing.assert_allclose(thing.prompt.box[0], 32 - 7.1111, atol=0.0005)
    assert last.known == ()
    (issue,) = last.issues
    assert issue.code == "picture_not_placed"

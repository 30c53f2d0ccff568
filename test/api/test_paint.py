"""Labels of points, worked out by hand: red ahead on the left, green ahead on the right."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from seg_perception import Camera, ImageLabels, PointStatus, SegPerceptionWarning, View
from seg_perception.api.arrays import as_cloud
from seg_perception.api.image_labels import NO_STAMP_NS
from seg_perception.core.errors import ConfigError, TransformError
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY

RED, GREEN, BLUE, UNKNOWN = 0, 1, 2, 255
POINTS = np.array([[10, 2, 0], [10, -2, 0], [-10, 0, 0], [0, 0, 0], [np.nan, 1, 1]])
START_NS = 1_700_000_000 * NANOSECONDS


def test_each_point_has_a_label_or_a_reason(model, camera, stripes, mount):
    cloud = model.paint(POINTS, model.label(stripes), camera, mount)
    assert cloud.labels.tolist() == [RED, GREEN, UNKNOWN, UNKNOWN, UNKNOWN]
    assert cloud.why_not == {"invalid": 2, "out_of_view": 1}
    assert cloud.status.tolist() == [
        *[PointStatus.LABELLED] * 2,
        PointStatus.OUT_OF_VIEW,
        *[PointStatus.INVALID] * 2,
    ]
    assert (cloud.confidence > 0.7).tolist() == [True, True, False, False, False]
    assert cloud.names == {RED: "red", GREEN: "green", BLUE: "blue"}
    assert cloud.where("red").tolist() == [True, False, False, False, False]
    assert cloud.shares == {"unknown": 0.6, "red": 0.2, "green": 0.2}
    assert "2 of 5 points labelled: red 50%, green 50%; others: 2 invalid" in repr(cloud)


def test_the_points_come_back_as_they_were(model, camera, stripes, mount, tmp_path):
    cloud = model.paint(POINTS, model.label(stripes), camera, mount)
    assert np.array_equal(cloud.xyz, POINTS.astype(np.float32), equal_nan=True)
    rows = cloud.structured()
    assert rows["label"].tolist() == cloud.labels.tolist()
    cloud.save(tmp_path / "cloud.ply")
    head = (tmp_path / "cloud.ply").read_bytes().split(b"end_header")[0]
    assert b"element vertex 5" in head
    assert b"label" in head
    assert b"red" in head


def test_groups_of_points(model, camera, stripes, mount):
    grouped = model.paint(POINTS, model.label(stripes), camera, mount).grouped("traversability")
    assert [grouped.names.get(i) for i in grouped.labels.tolist()] == [
        "drivable",
        "rough",
        None,
        None,
        None,
    ]


def test_a_camera_of_the_labels_is_taken_and_hides_the_robot(model, stripes, mount, tmp_path):
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :32] = 255
    cv2.imwrite(str(tmp_path / "hood.png"), mask)
    camera = Camera(
        [[32, 0, 31.5], [0, 32, 23.5], [0, 0, 1]], (64, 48), ego_mask=str(tmp_path / "hood.png")
    )
    labels = model.label(stripes, camera=camera)
    assert (labels.labels[:, :32] == UNKNOWN).all()
    assert (labels.labels[:, 32:] == GREEN).all()
    cloud = model.paint(POINTS, labels, T_camera_lidar=mount)
    bare = model.paint(POINTS, model.label(stripes), camera, mount)
    assert cloud.labels.tolist() == bare.labels.tolist() == [UNKNOWN, GREEN, *[UNKNOWN] * 3]


def test_the_robot_s_own_points_are_hidden(model, camera, stripes, mount):
    box = [9, 1, -1, 11, 3, 1]
    cloud = model.paint(POINTS, model.label(stripes), camera, mount, self_box_m=box)
    assert cloud.labels.tolist() == [UNKNOWN, GREEN, *[UNKNOWN] * 3]
    assert cloud.why_not["self"] == 1


def test_several_views_say_whose_label_it_is(model, camera, stripes, mount):
    labels = model.label(stripes)
    behind = mount @ np.diag([-1, -1, 1, 1])
    cloud = model.paint(POINTS, [View(labels, camera, mount), View(labels, camera, behind)])
    # Behind, the picture's edge between red and green lies straight ahead of the second camera.
    assert cloud.sources.tolist() == [0, 0, 1, 255, 255]


def test_views_of_different_classes_are_refused(model, camera, stripes, mount):
    labels = model.label(stripes)
    with pytest.raises(ConfigError, match="one label space"):
        model.paint(
            POINTS,
            [View(labels, camera, mount), View(labels.grouped("traversability"), camera, mount)],
        )


def test_a_mask_of_one_s_own_is_painted(model, camera, stripes, mount):
    mask = np.where(stripes[..., 0] > 0, 2, 255)
    labels = ImageLabels.from_mask(mask, model.ontology, stripes)
    cloud = model.paint(POINTS, labels, camera, mount)
    assert cloud.labels.tolist() == [BLUE, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    assert cloud.why_not["uncertain"] == 1


def moved(stamp_ns):
    """The lidar drives forwards at 10 m/s."""
    T = np.eye(4)
    T[0, 3] = 10 * (stamp_ns - START_NS) / NANOSECONDS
    return T


def test_motion_between_cloud_and_image_is_compensated(model, camera, stripes, mount):
    """A point 1 m ahead lies behind the camera once the robot has driven on by 2 m."""
    labels = model.label(stripes, stamp_ns=START_NS + NANOSECONDS // 5)
    points = [[1.0, 0.5, 0], [10.0, 2.0, 0]]
    cloud = model.paint(points, labels, camera, mount, stamp_ns=START_NS, poses=moved)
    assert cloud.labels.tolist() == [UNKNOWN, RED]
    assert cloud.why_not == {"out_of_view": 1}
    rest = model.paint(points, labels, camera, mount, stamp_ns=START_NS)
    assert rest.labels[0] == RED


def test_points_of_one_scan_have_their_own_times(model, camera, stripes, mount):
    """What was measured 0.2 s later, 1 m ahead, lies 3 m ahead of where the scan began."""
    labels = model.label(stripes, stamp_ns=START_NS)
    points, times = [[0.3, 0.5, 0], [0.3, 0.5, 0]], np.array([0, 0.2])
    motion = {"stamp_ns": START_NS, "poses": moved}
    cloud = model.paint(points, labels, camera, mount, point_times_s=times, **motion)
    # At 0.3 m it is beyond the 90 degrees of the lens; at 2.3 m it is in view.
    assert cloud.labels.tolist() == [UNKNOWN, RED]


def test_a_cloud_far_from_the_image_in_time_gets_no_label(model, camera, stripes, mount):
    labels = model.label(stripes, stamp_ns=START_NS)
    cloud = model.paint(POINTS, labels, camera, mount, stamp_ns=START_NS + NANOSECONDS)
    assert cloud.why_not == {"no_label_map": 5}


def test_poses_are_rigid_and_stamped_in_nanoseconds(model, camera, stripes, mount):
    labels = model.label(stripes, stamp_ns=START_NS)
    with pytest.raises(TransformError, match="is no rotation"):
        model.paint(
            POINTS, labels, camera, mount, stamp_ns=START_NS, poses=lambda _: np.diag([2, 2, 2, 1])
        )
    poses = np.array([1.7e9, 1.8e9]), np.stack([np.eye(4)] * 2)
    with pytest.raises(TransformError, match="seconds times 1e9"):
        model.paint(POINTS, labels, camera, mount, stamp_ns=START_NS, poses=poses)


def tree(mount):
    known = TransformTree()
    known.set_static("base", "lidar", np.eye(4))
    known.set_static("base", "camera", np.linalg.inv(mount))
    return known


def test_a_tree_of_transforms_stands_for_the_mount(model, camera, stripes, mount):
    labels = model.label(stripes)
    framed = ImageLabels(
        *(labels.labels, labels.confidence, labels.ontology, labels.image),
        replace(labels.label_map, frame_id="camera"),
    )
    with pytest.raises(TransformError, match="expected frames of cloud and images"):
        model.paint(POINTS, framed, camera, transforms=tree(mount), fixed_frame="")
    with pytest.raises(TransformError, match="T_camera_lidar or transforms, got both"):
        model.paint(POINTS, framed, camera, mount, transforms=tree(mount), fixed_frame="")
    with pytest.raises(TransformError, match="poses or transforms, got both"):
        model.paint(POINTS, framed, camera, transforms=tree(mount), poses=moved)


def scan(count=2000):
    """Points all around, up to 30 m, most of them below the lidar."""
    rng = np.random.default_rng(1)
    azimuth, distance = rng.uniform(-np.pi, np.pi, count), rng.uniform(3, 30, count)
    height = rng.uniform(-1.5, 1.0, count)
    return np.stack([distance * np.cos(azimuth), distance * np.sin(azimuth), height], axis=1)


def test_a_body_frame_in_place_of_an_optical_one_is_refused(model, camera, stripes, mount):
    body = np.linalg.inv(T_OPTICAL_BODY) @ mount
    labels = model.label(stripes)
    with pytest.raises(TransformError, match=re.escape("frame_convention='body'")):
        model.paint(scan(), labels, camera, body)
    said = model.paint(scan(), labels, camera.adjusted(frame_convention="body"), body)
    right = model.paint(scan(), labels, camera, mount)
    assert (right.labels != UNKNOWN).sum() > 100
    assert np.array_equal(said.labels, right.labels)


def test_the_inverse_is_refused(model, camera, stripes, mount):
    mount[:3, 3] = 0.1, -0.3, -0.2
    labels = model.label(stripes)
    with pytest.raises(TransformError, match=re.escape("np.linalg.inv(T_camera_lidar)")):
        model.paint(scan(), labels, camera, np.linalg.inv(mount))
    said = camera.adjusted(frame_convention="optical")
    assert len(model.paint(scan(), labels, said, np.linalg.inv(mount)).labels) == 2000


TURNS = {
    "left": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "right": [[-1, 0, 0], [0, 1, 0], [0, 0, -1]],
    "on its side": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    "upside down": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
    "steeply down": [[1, 0, 0], [0, 0.5, -(0.75**0.5)], [0, 0.75**0.5, 0.5]],
}


@pytest.mark.parametrize("name", TURNS)
def test_a_camera_that_is_mounted_otherwise_is_not_refused(model, camera, stripes, mount, name):
    turn = np.eye(4)
    turn[:3, :3] = TURNS[name]
    cloud = model.paint(scan(), model.label(stripes), camera, turn @ mount)
    assert len(cloud.labels) == 2000


def test_a_transform_that_is_missing_is_said(model, camera, stripes, mount):
    labels = model.label(stripes, stamp_ns=START_NS)
    poses = np.array([START_NS + NANOSECONDS]), np.eye(4)[None]
    with pytest.warns(SegPerceptionWarning, match="before the oldest one known"):
        cloud = model.paint(POINTS, labels, camera, mount, stamp_ns=START_NS, poses=poses)
    assert cloud.why_not == {"no_transform": 5}


def test_millimetres_are_said(model, camera, stripes, mount):
    with pytest.warns(SegPerceptionWarning, match="millimetre"):
        model.paint(scan() * 1000, model.label(stripes), camera, mount)


def test_a_cloud_without_points_is_one(model, camera, stripes, mount):
    cloud = model.paint(np.zeros((0, 3)), model.label(stripes), camera, mount)
    assert cloud.labels.shape == (0,)
    assert cloud.why_not == {}
    assert "0 of 0 points" in repr(cloud)
    assert cloud._repr_png_().startswith(b"\x89PNG")


def test_a_corrected_camera_moves_the_points_and_nobody_is_warned_of_what_was_asked_for(
    model, camera, stripes, mount, recwarn
):
    # (10, 2) lies 11.3 degrees to the left, (10, -2) as far to the right: 15 to the right.
    turned = camera.adjusted(correction_rpy_deg=[0.0, 15.0, 0.0])
    cloud = model.paint(POINTS[:2], model.label(stripes), turned, mount)
    assert cloud.labels.tolist() == [GREEN, GREEN]
    labels = model.label(stripes)
    framed = ImageLabels(
        *(labels.labels, labels.confidence, labels.ontology, labels.image),
        replace(labels.label_map, frame_id="camera"),
    )
    cloud = as_cloud(POINTS[:2], NO_STAMP_NS, "lidar", None)
    recorded = model.paint(cloud, framed, turned, transforms=tree(mount), fixed_frame="")
    assert recorded.labels.tolist() == [GREEN, GREEN]
    assert [str(w.message) for w in recwarn] == []

"""The stages together: which label a point gets, and what happens when something is missing."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ImageError
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import (
    Calibration,
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
    SemanticCloud,
)
from seg_perception.fusion.label_transfer import transfer_labels
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

MS = 1_000_000
WIDTH, HEIGHT, FOCAL = 64, 48, 50.0
LEFT, RIGHT, UNKNOWN = 0, 1, 255
ONTOLOGY = Ontology.parse(
    {
        "name": "sides",
        "classes": [
            {"id": LEFT, "name": "left", "color": "#ff0000"},
            {"id": RIGHT, "name": "right", "color": "#00ff00"},
        ],
    },
    "test",
)
PARAMETERS: dict[str, Any] = {
    "cameras": ["front"],
    "camera.front.image_topic": "/camera/image_raw",
    "lidars": ["top"],
    "lidar.top.topic": "/lidar/points",
    "radars": ["nose"],
    "radar.nose.topic": "/radar/points",
    "synchronizer.max_gap_s": 0.1,
    "synchronizer.max_wait_s": 0.3,
}


def yaw(angle: float) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return T


def turning_left(rate_rad_s: float = 1.0) -> TransformTree:
    """base turns in odom; the lidar sits in it, the camera looks ahead from the same point."""
    tree = TransformTree()
    for ms in range(0, 401, 20):
        tree.set_timed("odom", "base", ms * MS, yaw(rate_rad_s * ms / 1000))
    tree.set_static("base", "lidar", np.eye(4))
    tree.set_static("base", "camera", np.linalg.inv(T_OPTICAL_BODY))
    return tree


def perception(tree: TransformTree | None = None, **parameters: Any) -> Perception:
    flat = {**PARAMETERS, **{key.replace("__", "."): value for key, value in parameters.items()}}
    return Perception(Config.from_parameters(flat), ONTOLOGY, tree or turning_left())


def label_map(stamp_ms: int, *, calibrated: bool = True) -> LabelMap:
    """Left half of the image is LEFT, right half is RIGHT."""
    labels = np.full((HEIGHT, WIDTH), LEFT, np.uint8)
    labels[:, WIDTH // 2 :] = RIGHT
    k = np.array([[FOCAL, 0, WIDTH / 2 - 0.5], [0, FOCAL, HEIGHT / 2 - 0.5], [0, 0, 1]])
    calibration = Calibration(WIDTH, HEIGHT, k) if calibrated else None
    confidence = np.full_like(labels, 255)
    return LabelMap("front", labels, confidence, stamp_ms * MS, "camera", calibration)


def cloud(stamp_ms: int, *angles: float, offsets_ms: tuple[float, ...] = ()) -> PointCloud:
    """Points 10 m away at angles to the left of the sensor's axis."""
    fields = [("x", "f4"), ("y", "f4"), ("z", "f4")]
    points = np.zeros((1, len(angles)), [*fields, ("t", "u4")] if offsets_ms else fields)
    points["x"], points["y"] = 10 * np.cos(angles), 10 * np.sin(angles)
    if offsets_ms:
        points["t"] = [offset * MS for offset in offsets_ms]
    return PointCloud(points, stamp_ms * MS, "lidar")


def labels_of(semantic: SemanticCloud) -> list[int]:
    return [int(label) for label in semantic.labels]


def test_points_get_the_label_of_their_pixel() -> None:
    core = perception()
    core.add_label_map(label_map(100))
    semantic = core.label("top", cloud(100, 0.2, -0.2, math.pi))
    assert labels_of(semantic) == [LEFT, RIGHT, UNKNOWN]
    assert semantic.status.tolist() == [
        PointStatus.LABELLED,
        PointStatus.LABELLED,
        PointStatus.OUT_OF_VIEW,
    ]
    assert semantic.confidence[:2] == pytest.approx([1, 1], abs=0.01)
    assert semantic.confidence[2] == 0
    assert semantic.cameras == ("front",)
    assert core.accounting.points()["top"][PointStatus.OUT_OF_VIEW] == 1


def test_the_turn_between_cloud_and_image_is_compensated() -> None:
    # The point lies 0.1 rad to the left at 100 ms; the robot turns 0.08 rad to the left until the
    # image at 180 ms, so it is still to the left by 0.02; 0.05 rad has become -0.03: right.
    core = perception()
    core.add_label_map(label_map(180))
    assert labels_of(core.label("top", cloud(100, 0.1, 0.05))) == [LEFT, RIGHT]
    at_rest = perception(transforms__fixed_frame="")
    at_rest.add_label_map(label_map(180))
    assert labels_of(at_rest.label("top", cloud(100, 0.1, 0.05))) == [LEFT, LEFT]


def test_each_point_of_a_scan_has_its_own_time() -> None:
    # Both points are measured 0.05 rad to the left, the second one 90 ms later, when the robot
    # has turned by 0.09 rad: seen from the pose of the image it lies 0.14 rad to the left.
    core = perception()
    core.add_label_map(label_map(180))
    scan = cloud(100, 0.05, 0.05, offsets_ms=(0, 90))
    assert labels_of(core.label("top", scan)) == [RIGHT, LEFT]
    rigid = perception(transforms__deskew=False)
    rigid.add_label_map(label_map(180))
    assert labels_of(rigid.label("top", scan)) == [RIGHT, RIGHT]


def test_a_constant_clock_error_is_taken_out() -> None:
    core = perception(camera__front__time_offset_s=-0.08)
    core.add_label_map(label_map(180))
    assert labels_of(core.label("top", cloud(100, 0.05))) == [LEFT]


def test_a_body_frame_is_turned_into_an_optical_one() -> None:
    tree = turning_left()
    tree.set_static("base", "camera", np.eye(4))
    core = perception(tree, camera__front__frame_convention="body")
    core.add_label_map(label_map(100))
    assert labels_of(core.label("top", cloud(100, 0.2, -0.2))) == [LEFT, RIGHT]


@pytest.mark.parametrize(
    ("core", "image", "scan", "status"),
    [
        (perception(), None, cloud(100, 0.2), PointStatus.NO_LABEL_MAP),
        (perception(), label_map(0), cloud(101, 0.2), PointStatus.NO_LABEL_MAP),
        (
            perception(),
            label_map(100, calibrated=False),
            cloud(100, 0.2),
            PointStatus.NO_CALIBRATION,
        ),
        (perception(TransformTree()), label_map(100), cloud(100, 0.2), PointStatus.NO_TRANSFORM),
        (perception(), label_map(400), cloud(401, 0.2), PointStatus.NO_TRANSFORM),
        (
            perception(),
            label_map(380),
            cloud(380, 0.2, 0.2, offsets_ms=(0, 50)),
            PointStatus.NO_TRANSFORM,
        ),
    ],
    ids=["no image", "old image", "no lens", "no frames", "too new", "scan ends too late"],
)
def test_what_is_missing_is_said_and_nothing_is_guessed(
    core: Perception, image: LabelMap | None, scan: PointCloud, status: PointStatus
) -> None:
    if image is not None:
        core.add_label_map(image)
    semantic = core.label("top", scan)
    assert set(labels_of(semantic)) == {UNKNOWN}
    assert set(semantic.status.tolist()) == {status}
    assert not semantic.confidence.any()


def test_points_beside_all_others_may_lie_before_the_camera_that_is_missing() -> None:
    core = perception(cameras=["front", "back"], camera__back__image_topic="/back/image_raw")
    core.add_label_map(label_map(100))
    semantic = core.label("top", cloud(100, 0.2, math.pi))
    assert semantic.status.tolist() == [PointStatus.LABELLED, PointStatus.NO_LABEL_MAP]
    assert labels_of(semantic) == [LEFT, UNKNOWN]


def test_a_cloud_waits_for_a_newer_image_and_for_its_transforms() -> None:
    core = perception()
    handle = core.accounting.receive("lidar.top")
    core.add_label_map(label_map(90))
    core.add_cloud("top", cloud(100, 0.2), handle, now_ns=100 * MS)
    assert core.collect(150 * MS) == []
    core.add_label_map(label_map(110))
    (done,) = core.collect(151 * MS)
    assert labels_of(done.semantic) == [LEFT]
    done.handle.publish()
    assert core.accounting.snapshot()["lidar.top"] == StreamCount(1, 1, {}, 0)


def test_a_cloud_ahead_of_the_transforms_is_held_until_they_come() -> None:
    core = perception()
    core.add_label_map(label_map(410))
    core.add_cloud("top", cloud(405, 0.2), core.accounting.receive("lidar.top"), now_ns=405 * MS)
    assert core.collect(420 * MS) == []
    core.transforms.set_timed("odom", "base", 420 * MS, yaw(0.42))
    (done,) = core.collect(421 * MS)
    assert labels_of(done.semantic) == [LEFT]


def test_a_cloud_that_waited_long_enough_leaves_unknown() -> None:
    core = perception()
    core.add_cloud("top", cloud(100, 0.2), core.accounting.receive("lidar.top"), now_ns=100 * MS)
    assert core.collect(399 * MS) == []
    (done,) = core.collect(400 * MS)
    assert labels_of(done.semantic) == [UNKNOWN]


def test_labels_of_another_ontology_are_refused() -> None:
    core = perception()
    good = label_map(100)
    wide = replace(good, labels=good.labels.astype(np.uint16) + 256)
    with pytest.raises(ImageError, match="uint8"):
        core.add_label_map(wide)
    strange = replace(good, labels=np.where(good.labels == RIGHT, np.uint8(7), good.labels))
    with pytest.raises(ImageError, match="class id 7"):
        core.add_label_map(strange)
    core.add_label_map(replace(good, labels=np.full_like(good.labels, UNKNOWN)))
    assert labels_of(core.label("top", cloud(100, 0.2, -0.2))) == [UNKNOWN, UNKNOWN]


def test_an_image_from_before_a_clock_jump_labels_nothing_after_it() -> None:
    core = perception()
    image = CameraFrame("front", np.zeros((HEIGHT, WIDTH, 3), np.uint8), 100 * MS, "camera")

    class Jumping:
        def segment(self, _frame: CameraFrame) -> LabelMap:
            core.reset()
            return label_map(100)

    assert core.segment(image, Jumping()).stamp_ns == 100 * MS
    semantic = core.label("top", cloud(100, 0.2))
    assert semantic.status.tolist() == [PointStatus.NO_LABEL_MAP]


def test_a_cloud_that_can_not_be_labelled_costs_no_other_and_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core = perception()
    for angle in (0.2, 0.3):
        core.add_cloud("top", cloud(100, angle), core.accounting.receive("lidar.top"), now_ns=0)
    core.add_label_map(label_map(100))

    target = "seg_perception.pipeline.lidar_labeller.transfer_labels"

    def fails_once(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(
            "seg_perception.pipeline.lidar_labeller.transfer_labels", transfer_labels
        )
        raise ZeroDivisionError

    monkeypatch.setattr(target, fails_once)
    (done,) = core.collect(1000 * MS)
    done.handle.publish()
    assert core.accounting.snapshot()["lidar.top"] == StreamCount(2, 1, {"internal_error": 1}, 0)
    (issue,) = core.issues.all()
    assert str(issue).startswith("lidar.top: a fault of this program: ZeroDivisionError")
    assert "fails_once" in issue.traceback


def test_radar_goes_its_own_way() -> None:
    core = perception()
    core.add_label_map(label_map(100))
    semantic = core.label("nose", cloud(100, 0.3, -0.3, math.pi))
    assert labels_of(semantic) == [LEFT, RIGHT, UNKNOWN]


def test_a_clock_jump_and_the_end_account_for_what_waits() -> None:
    core = perception()
    core.add_cloud("top", cloud(100, 0.2), core.accounting.receive("lidar.top"), now_ns=100 * MS)
    core.reset()
    core.add_cloud("top", cloud(100, 0.2), core.accounting.receive("lidar.top"), now_ns=100 * MS)
    core.close()
    count = core.accounting.snapshot()["lidar.top"]
    assert count == StreamCount(2, 0, {"clock_jump": 1, "shutdown": 1}, 0)
    assert core.transforms.frames() == {"base", "lidar", "camera"}


def test_one_stray_time_is_counted_and_said_and_the_others_are_deskewed_still() -> None:
    # As above, with a third point whose time is that of another scan.
    core = perception()
    core.add_label_map(label_map(180))
    scan = cloud(100, 0.05, 0.05, 0.05, offsets_ms=(0, 90, 4000))
    assert labels_of(core.label("top", scan)) == [RIGHT, LEFT, RIGHT]
    assert core.accounting.stray_times() == {"top": 1}
    (issue,) = core.issues.all()
    assert str(issue).startswith("lidar.top: field 't': 1 of 3 points")
    assert "count at the stamp" in str(issue)


def test_times_of_another_clock_are_said_and_the_scan_is_rigid() -> None:
    core = perception()
    core.add_label_map(label_map(180))
    scan = cloud(100, 0.05, 0.05, offsets_ms=(4000, 4090))
    assert labels_of(core.label("top", scan)) == [RIGHT, RIGHT]
    assert core.accounting.stray_times() == {"top": 2}
    assert "measured at once" in str(core.issues.all()[0])


def test_an_older_label_map_serves_where_the_nearest_lacks_transforms() -> None:
    # Transforms end at 400 ms: the label map of 410 ms is nearest, that of 350 ms can be placed.
    core = perception()
    core.add_label_map(label_map(350))
    core.add_label_map(label_map(410))
    handle = core.accounting.receive("lidar.top")
    core.add_cloud("top", cloud(400, 0.2), handle, now_ns=400 * MS)
    assert core.collect(699 * MS) == []
    (done,) = core.collect(700 * MS)
    assert labels_of(done.semantic) == [LEFT]


def test_the_transforms_of_the_nearest_label_map_are_waited_for() -> None:
    # The robot turns by 0.06 rad between the two: only at 410 ms is a point at -0.05 to the left.
    core = perception(turning_left(-1.0))
    core.add_label_map(label_map(350))
    core.add_label_map(label_map(410))
    core.add_cloud("top", cloud(400, -0.005), core.accounting.receive("lidar.top"), now_ns=400 * MS)
    assert core.collect(410 * MS) == []
    core.transforms.set_timed("odom", "base", 420 * MS, yaw(-0.42))
    (done,) = core.collect(420 * MS)
    assert labels_of(done.semantic) == [LEFT]
    older = perception(turning_left(-1.0))
    older.add_label_map(label_map(350))
    assert labels_of(older.label("top", cloud(400, -0.005))) == [RIGHT]


@pytest.mark.parametrize(
    ("parameters", "sigma_px"),
    [
        ({"transfer__time_sigma_s": 0.02}, 50 * 1.0 * 0.02),
        ({"transfer__time_sigma_s": 0.0, "camera__front__rotation_sigma_rad": 0.03}, 1.5),
        ({"transfer__time_sigma_s": 0.0, "camera__front__translation_sigma_m": 0.4}, 2.0),
    ],
    ids=["turning at 1 rad/s", "rotation", "translation"],
)
def test_confidence_near_a_boundary_knows_the_errors(
    parameters: dict[str, float], sigma_px: float
) -> None:
    # 0.024 rad to the left is 1.2 px left of the boundary: the pixel whose centre is 1.5 px off.
    core = perception(**parameters, transfer__pixel_sigma_px=0.01)
    core.add_label_map(label_map(100))
    (confidence,) = core.label("top", cloud(100, 0.024)).confidence
    on_side = 0.5 * (1 + math.erf(1.5 / sigma_px / math.sqrt(2)))
    assert confidence == pytest.approx(on_side, abs=0.012)


@pytest.mark.parametrize(
    ("stamp", "readout_from", "labels"),
    [
        ("first", "top", [LEFT, RIGHT]),
        ("first", "bottom", [RIGHT, LEFT]),
        ("last", "top", [LEFT, RIGHT]),
        ("last", "bottom", [RIGHT, LEFT]),
    ],
)
def test_each_row_of_a_rolling_shutter_has_its_own_time(
    stamp: str, readout_from: str, labels: list[int]
) -> None:
    # The robot turns 0.1 rad to the left during the read-out: what the first line sees 0.05 rad
    # to the left the last one sees as far to the right. Two points at one bearing, one near the
    # top of the image and one near its bottom.
    core = perception(
        camera__front__readout_s=0.1,
        camera__front__readout_stamp=stamp,
        camera__front__readout_from=readout_from,
    )
    core.add_label_map(label_map(200))
    ahead = 0.05 if stamp == "first" else -0.05
    scan = cloud(200, ahead, ahead)
    scan.points["z"] = [[4.0, -4.0]]
    assert labels_of(core.label("top", scan)) == labels


def test_the_last_row_of_a_rolling_shutter_needs_its_transform_too() -> None:
    core = perception(camera__front__readout_s=0.1)
    core.add_label_map(label_map(350))
    semantic = core.label("top", cloud(350, 0.2))
    assert semantic.status.tolist() == [PointStatus.NO_TRANSFORM]


def driving(speed_mps: float = 2.0) -> TransformTree:
    """As above, but straight ahead."""
    tree = turning_left(0.0)
    for ms in range(0, 401, 20):
        T = np.eye(4)
        T[0, 3] = speed_mps * ms / 1000
        tree.set_timed("odom", "base", ms * MS, T)
    return tree


def radar_scan(stamp_ms: int, *dopplers: float) -> PointCloud:
    """Returns 10 m straight ahead."""
    points = np.zeros((1, len(dopplers)), [(name, "f4") for name in ("x", "y", "z", "doppler")])
    points["x"], points["doppler"] = 10, dopplers
    return PointCloud(points, stamp_ms * MS, "lidar")


def test_a_radar_tells_what_moves_from_its_own_motion() -> None:
    core = perception(driving())
    core.add_label_map(label_map(100))
    semantic = core.label("nose", radar_scan(100, -2.0, -0.5, 0.0, math.nan))
    assert semantic.moving is not None
    assert semantic.moving.tolist() == [0, 1, 1, 255]
    assert core.label("top", cloud(100, 0.2)).moving is None
    assert core.label("nose", cloud(100, 0.2)).moving is None


@pytest.mark.parametrize("stamp_ms", [0, 400])
def test_the_edge_of_a_recording_knows_its_motion_from_one_side(stamp_ms: int) -> None:
    semantic = perception(driving()).label("nose", radar_scan(stamp_ms, -2.0, 0.0))
    assert semantic.moving is not None
    assert semantic.moving.tolist() == [0, 1]


def test_what_moves_is_not_known_without_transforms() -> None:
    semantic = perception(TransformTree()).label("nose", radar_scan(100, -2.0))
    assert semantic.moving is not None
    assert semantic.moving.tolist() == [255]


def test_a_doppler_of_the_wrong_sign_is_said_and_tells_nothing() -> None:
    core = perception(driving())
    semantic = core.label("nose", radar_scan(100, *[2.0] * 20))
    assert semantic.moving is not None
    assert set(semantic.moving.tolist()) == {255}
    (issue,) = core.issues.all()
    assert "radar.nose: " in str(issue)
    assert "doppler_positive" in issue.mend
    told = perception(driving(), radar__nose__doppler_positive="towards")
    semantic = told.label("nose", radar_scan(100, *[2.0] * 20))
    assert semantic.moving is not None
    assert set(semantic.moving.tolist()) == {0}
    assert not told.issues.all()


def test_a_lidars_scan_shortly_before_puts_radar_labels_right() -> None:
    # A post of RIGHT stands 0.04 rad to the right at 10 m. The lidar knows it; the radar hears
    # it 0.02 rad to the left, and the robot has turned to the left by 0.05 rad in between.
    post = [-0.04 + 0.002 * n for n in range(-5, 6)]
    beyond = [0.3 + 0.002 * n for n in range(-5, 6)]
    parameters = {"radar_transfer__azimuth_sigma_rad": 0.06}
    for with_lidar, label in ((True, RIGHT), (False, LEFT)):
        core = perception(**parameters)
        for stamp in (100, 150):
            core.add_label_map(label_map(stamp))
        if with_lidar:
            core.label("top", cloud(100, *post, *beyond))
        heard = core.label("nose", cloud(150, 0.02))
        assert labels_of(heard) == [label]


def test_an_old_scan_says_nothing_of_a_radars_returns() -> None:
    core = perception(radar_transfer__lidar_gap_s=0.04)
    for stamp in (100, 150):
        core.add_label_map(label_map(stamp))
    core.label("top", cloud(100, *[-0.04 + 0.002 * n for n in range(-5, 6)]))
    assert labels_of(core.label("nose", cloud(150, 0.02))) == [LEFT]


def test_earlier_scans_fill_the_depth_buffer() -> None:
    # A near post fills the gap between two beams only in the scan before; the point behind it
    # is hidden by it, seen from where the robot is by then.
    near = [0.2 + 0.002 * n for n in range(-10, 11)]
    found = []
    for scans in (0, 1):
        core = perception(turning_left(0.0), transfer__accumulated_scans=scans)
        core.add_label_map(label_map(100))
        before = cloud(90, *near)
        for name in "xy":
            before.points[name] *= 0.3
        core.label("top", before)
        found.append(int(core.label("top", cloud(100, 0.2)).status[0]))
    assert found == [PointStatus.LABELLED, PointStatus.OCCLUDED]


@pytest.mark.parametrize("sensor", ["top", "nose"])
@pytest.mark.parametrize(
    ("xyz", "status"),
    [
        (np.zeros((0, 3)), None),
        (np.full((1, 3), 5.0), PointStatus.LABELLED),
        (np.full((500, 3), np.nan), PointStatus.INVALID),
        (np.full((500, 3), [-5.0, 0.1, 0]), PointStatus.OUT_OF_VIEW),
        (np.random.default_rng(0).uniform(-0.15, 0.15, (500, 3)), PointStatus.SELF),
        (np.full((500, 3), 1e30), PointStatus.INVALID),
    ],
    ids=["no point", "one point", "all nan", "all behind", "inside a wall", "beyond float32"],
)
def test_degenerate_clouds_are_answered_and_counted(
    sensor: str, xyz: np.ndarray, status: PointStatus | None
) -> None:
    core = perception(turning_left(0.0))
    core.add_label_map(label_map(100))
    scan = cloud(100, *np.zeros(len(xyz)))
    for axis, name in enumerate("xyz"):
        scan.points[name] = xyz[:, axis] * ([1, 0.3, 0.1][axis] if len(xyz) == 1 else 1)
    semantic = core.label(sensor, scan)
    assert set(semantic.status.tolist()) == ({status} if status is not None else set())
    counted = core.accounting.points()[sensor]
    assert sum(counted.values()) == len(xyz)
    if status is not None:
        assert counted[status] == len(xyz)


def test_a_camera_inside_a_wall_sees_the_wall_and_hides_what_is_beyond() -> None:
    # Points all around the lens, a hand's breadth off, and a few far behind them.
    core = perception(turning_left(0.0), transfer__min_range_m=0.01)
    core.add_label_map(label_map(100))
    random = np.random.default_rng(0)
    wall = random.normal(size=(3000, 3))
    wall *= 0.1 / np.linalg.norm(wall, axis=1)[:, None]
    xyz = np.vstack([wall, [[10, 0.5, 0.3], [20, -2, 1]]])
    scan = cloud(100, *np.zeros(len(xyz)))
    for axis, name in enumerate("xyz"):
        scan.points[name] = xyz[:, axis]
    semantic = core.label("top", scan)
    assert semantic.status[-2:].tolist() == [PointStatus.OCCLUDED] * 2
    ahead = wall[:, 0] > 0.095
    assert (semantic.status[:-2][ahead] == PointStatus.LABELLED).mean() > 0.95
    assert np.isfinite(semantic.confidence).all()


def test_a_gap_in_the_transforms_is_no_label_and_is_counted() -> None:
    tree = TransformTree(max_gap_s=0.1)
    for ms in (0, 20, 380, 400):
        tree.set_timed("odom", "base", ms * MS, yaw(0))
    tree.set_static("base", "lidar", np.eye(4))
    tree.set_static("base", "camera", np.linalg.inv(T_OPTICAL_BODY))
    core = perception(tree)
    core.add_label_map(label_map(200))
    semantic = core.label("top", cloud(200, 0.2, -0.2))
    assert semantic.status.tolist() == [PointStatus.NO_TRANSFORM] * 2
    assert core.accounting.points()["top"][PointStatus.NO_TRANSFORM] == 2


def test_points_on_which_two_cameras_disagree_are_counted() -> None:
    core = perception(cameras=["front", "back"], camera__back__image_topic="/back/image_raw")
    other = replace(label_map(100), camera="back")
    core.add_label_map(label_map(100))
    core.add_label_map(replace(other, labels=1 - other.labels))
    semantic = core.label("top", cloud(100, 0.2, -0.2))
    assert core.accounting.disputed() == {"top": 2}
    assert (semantic.confidence < 0.6).all()

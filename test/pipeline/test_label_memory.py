"""Which points get the label of their place from before, and which never do."""

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud, PointStatus
from seg_perception.fusion.voxels import Voxels
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.class_comments import class_comments
from seg_perception.io.point_files import write_points
from seg_perception.outputs.clouds import map_points
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception
from seg_perception.pipeline.semantic_mapper import check_map

MS = 1_000_000
UNKNOWN = 255
GROUND, TRUNK, PERSON = range(3)
STAYS = [
    {"name": "static", "color": "#102030", "classes": ["ground", "trunk"]},
    {"name": "movable", "color": "#302010", "classes": ["person"]},
]


def ontology(groups=STAYS):
    classes = [
        {"id": n, "name": name, "color": "#102030"}
        for n, name in enumerate(("ground", "trunk", "person"))
    ]
    groupings = {"movable": groups} if groups else {}
    return Ontology.parse({"name": "three", "classes": classes, "groupings": groupings}, "test")


def tree():
    """base stands until 0.5 s, then goes 1 m/s along odom's x; lidar and camera are 1 m up."""
    found = TransformTree()
    for ms in range(0, 4001, 50):
        pose = np.eye(4)
        pose[0, 3] = max(0, ms - 500) / 1000
        found.set_timed("odom", "base", ms * MS, pose)
    up = np.eye(4)
    up[2, 3] = 1
    found.set_static("base", "lidar", up)
    found.set_static("base", "camera", up @ np.linalg.inv(T_OPTICAL_BODY))
    return found


def perception(groups=STAYS, transforms=None, **parameters):
    flat = {
        "cameras": ["front"],
        "camera.front.image_topic": "/image",
        "lidars": ["top"],
        "lidar.top.topic": "/points",
        "lidar.top.self_box_m": [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0],
        "radars": ["nose"],
        "radar.nose.topic": "/radar",
        "memory.enabled": True,
        "map.voxel_m": 1.0,
        **{key.replace("__", "."): value for key, value in parameters.items()},
    }
    return Perception(Config.from_parameters(flat), ontology(groups), transforms or tree())


def label_map(stamp_ms, labels):
    """Stripes from left to right."""
    image = np.repeat(np.repeat(np.array(labels, np.uint8), 80 // len(labels))[None], 60, axis=0)
    k = np.array([[40.0, 0, 39.5], [0, 40, 29.5], [0, 0, 1]])
    sure = np.full(image.shape, 255, np.uint8)
    return LabelMap("front", image, sure, stamp_ms * MS, "camera", Calibration(80, 60, k))


def cloud(stamp_ms, *points, times_ms=None):
    layout = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("t", "u4")]
    after_ms = times_ms or [0] * len(points)
    rows = [(*p, round(ms * MS)) for p, ms in zip(points, after_ms, strict=True)]
    return PointCloud(np.array(rows, layout)[None], stamp_ms * MS, "lidar")


# In the voxel (10..11, 0..1, 1..2) of odom while the robot stands at its origin.
AHEAD = (10.5, 0.5, 0.5)


def see(core, labels, stamps_ms, point=AHEAD):
    for stamp_ms in stamps_ms:
        core.add_label_map(label_map(stamp_ms, labels))
        core.label("top", cloud(stamp_ms, point))


def later(core, *points, stamp_ms=2000, seen=TRUNK, sensor="top", **more):
    """A scan of the robot that has gone 1.5 m."""
    core.add_label_map(label_map(stamp_ms, [seen]))
    return core.label(sensor, cloud(stamp_ms, *points, **more))


# 1.5 m on, that voxel's middle is there; a lens of 90 degrees does not see what is behind.
BESIDE = (9.0, 0.5, 0.5)


def outcome(semantic):
    names = [PointStatus(status).name for status in semantic.status]
    return list(zip(semantic.labels.tolist(), names, strict=True))


def drive_past():
    """The point comes to lie behind the robot: base turns round at 1.9 s."""
    found = tree()
    turned = np.diag([-1.0, -1.0, 1.0, 1.0])
    turned[0, 3] = 1.5
    for ms in range(1900, 4001, 50):
        found.set_timed("odom", "base", ms * MS, turned)
    return found


BEHIND = (-9.0, -0.5, 0.5)


def test_a_place_that_was_seen_keeps_its_label_when_the_robot_turns_away():
    core = perception(transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    semantic = later(core, BEHIND, (-9.0, -5.5, 0.5))
    assert outcome(semantic) == [(GROUND, "REMEMBERED"), (UNKNOWN, "OUT_OF_VIEW")]
    assert semantic.sources.tolist() == [255, 255]


def test_its_confidence_is_that_of_the_voxel():
    core = perception(transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    sure = float(core.label("top", cloud(300, AHEAD)).confidence[0])
    # The fourth scan voted, too: its counts are 4 x sure, the prior a third for each class.
    expected = (4 * sure + 1 / 3) / (4 * sure + 1)
    assert later(core, BEHIND).confidence[0] == pytest.approx(expected, abs=1e-5)


def test_what_is_doubtful_is_not_remembered():
    core = perception(transforms=drive_past(), memory__min_confidence=0.9)
    see(core, [GROUND], (100, 200, 300))
    assert outcome(later(core, BEHIND)) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_a_hidden_place_is_remembered():
    core = perception()
    see(core, [GROUND], (100, 200, 300))
    # Something now stands right before it, at a third of the way.
    near = [(3.0, 0.165 + dy, 0.165 + dz) for dy in (-0.04, 0, 0.04) for dz in (-0.04, 0, 0.04)]
    semantic = later(core, BESIDE, *near)
    assert outcome(semantic)[0] == (GROUND, "REMEMBERED")
    assert {status for _, status in outcome(semantic)[1:]} == {"LABELLED"}


def test_what_is_seen_now_counts_alone():
    core = perception()
    see(core, [GROUND], (100, 200, 300))
    assert outcome(later(core, BESIDE, seen=TRUNK)) == [(TRUNK, "LABELLED")]


def test_remembered_labels_never_vote():
    core = perception(transforms=drive_past(), map__enabled=True)
    see(core, [GROUND], (100, 200, 300))
    for stamp_ms in (2000, 2100, 2200):
        assert outcome(later(core, BEHIND, stamp_ms=stamp_ms)) == [(GROUND, "REMEMBERED")]
    assert core.mappers[0].voxels().counts.tolist() == [3]


def test_who_moves_is_never_remembered_nor_what_shone_through_at_the_edges():
    core = perception(transforms=drive_past())
    see(core, [PERSON], (100, 150, 200, 250))
    assert outcome(later(core, BEHIND)) == [(UNKNOWN, "OUT_OF_VIEW")]
    see(core, [GROUND], (300,))
    assert outcome(later(core, BEHIND, stamp_ms=2100)) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_classes_that_are_left_out_of_the_map_still_outvote_their_edges():
    core = perception(transforms=drive_past(), map__enabled=True, map__excluded_classes=["person"])
    see(core, [PERSON], (100, 150, 200, 250))
    see(core, [GROUND], (300,))
    assert core.mappers[0].voxels().labels.tolist() == [GROUND]
    assert outcome(later(core, BEHIND)) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_classes_of_which_the_grouping_says_nothing_are_not_remembered():
    groups = [{**STAYS[0], "classes": ["trunk"]}, STAYS[1]]
    core = perception(groups, transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    assert outcome(later(core, BEHIND)) == [(UNKNOWN, "OUT_OF_VIEW")]


@pytest.mark.parametrize("groups", [None, STAYS[:1]])
def test_a_model_that_does_not_say_what_moves_gets_no_memory_and_one_sentence(groups):
    core = perception(groups, transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    assert outcome(later(core, BEHIND)) == [(UNKNOWN, "OUT_OF_VIEW")]
    (issue,) = core.issues.all()
    assert (issue.code, issue.level) == ("no_memory", "warning")
    assert "ontology three has no grouping 'movable'" in str(issue)


def test_the_robot_itself_and_beams_without_return_are_never_remembered():
    """In a turn a beam without return must not be moved off the origin, and found there."""
    plain = {"lidar__top__self_box_m": [0.0] * 6, "transfer__min_range_m": 0.1}
    core = perception(transforms=drive_past(), **plain)
    # In the voxel in which the lidar will be at 2 s.
    see(core, [GROUND], (100, 200, 300), (1.5, 0.3, 0.3))
    around = (-0.3, -0.3, 0.2)
    assert outcome(later(core, around)) == [(GROUND, "REMEMBERED")]
    points = [(0.0, 0.0, 0.0), (np.nan, 0.0, 0.0), (0.01, 0.01, 0.01), around]
    turning = later(core, *points, stamp_ms=1860, times_ms=[90.0, 90.0, 0.0, 90.0])
    assert [status for _, status in outcome(turning)[:3]] == ["INVALID", "INVALID", "SELF"]
    plain["lidar__top__self_box_m"] = [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0]
    boxed = perception(transforms=drive_past(), **plain)
    see(boxed, [GROUND], (100, 200, 300), (1.5, 0.3, 0.3))
    assert outcome(later(boxed, around)) == [(UNKNOWN, "SELF")]


def test_a_scan_without_any_camera_gets_no_labels_at_all():
    core = perception(transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    semantic = core.label("top", cloud(2000, BEHIND))
    assert outcome(semantic) == [(UNKNOWN, "NO_LABEL_MAP")]


def test_one_camera_that_is_late_does_not_keep_the_rest_from_remembering():
    flat = {"cameras": ["front", "rear"], "camera.rear.image_topic": "/rear"}
    core = perception(transforms=drive_past(), **flat)
    see(core, [GROUND], (100, 200, 300))
    semantic = later(core, BEHIND, (-9.0, -5.5, 0.5))
    assert outcome(semantic) == [(GROUND, "REMEMBERED"), (UNKNOWN, "NO_LABEL_MAP")]


def test_radars_whose_bearings_err_are_not_asked_for():
    core = perception(transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    assert outcome(later(core, BEHIND, sensor="nose")) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_nothing_is_remembered_unless_that_is_asked_for():
    core = perception(transforms=drive_past(), memory__enabled=False, map__enabled=True)
    see(core, [GROUND], (100, 200, 300))
    assert outcome(later(core, BEHIND)) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_remembered_points_are_counted_as_such():
    core = perception(transforms=drive_past())
    see(core, [GROUND], (100, 200, 300))
    later(core, BEHIND)
    counts = core.accounting.points()["top"]
    assert (counts[PointStatus.LABELLED], counts[PointStatus.REMEMBERED]) == (3, 1)


def test_a_clock_that_jumps_empties_the_memory():
    transforms = drive_past()
    core = perception(transforms=transforms)
    see(core, [GROUND], (100, 200, 300))
    core.reset()
    for ms in range(1900, 2101, 50):
        transforms.set_timed("odom", "base", ms * MS, np.eye(4))
    assert outcome(later(core, (-5.5, 0.5, 0.5))) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_a_frame_of_the_map_that_is_not_known_is_said_so():
    core = perception(transforms=drive_past(), map__frame="utm", map__enabled=True)
    see(core, [GROUND], (100,))
    assert {issue.code for issue in core.issues.all()} == {"not_mapped", "not_remembered"}


def test_a_memory_needs_a_frame_that_rests():
    config = Config.from_parameters({"memory.enabled": True, "transforms.fixed_frame": ""})
    with pytest.raises(ConfigError, match="a map or memory needs a frame that rests"):
        check_map(config, ontology())


@pytest.mark.parametrize(("clear", "label"), [(False, TRUNK), (True, UNKNOWN)])
def test_what_a_scan_looks_through_is_forgotten_where_that_is_asked_for(clear, label):
    core = perception(transforms=drive_past(), memory__clear_rays=clear)
    see(core, [TRUNK], (100, 200, 300))
    # Behind the robot that has turned, everything now lies farther than the trunk stood.
    wall = [(-30.0, -1.5 + y, 0.9 + z) for y in np.linspace(-3, 3, 30) for z in (-2, -1, 0, 1, 2)]
    later(core, *wall, stamp_ms=2000)
    assert later(core, BEHIND, stamp_ms=2100).labels.tolist() == [label]


def offset(x_m, yaw_deg):
    yaw = np.radians(yaw_deg)
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    T[0, 3] = x_m
    return T


def localised(after, at_ms=1000):
    """map to odom at 10 Hz: nothing, and `after` from some time on; odometry as in `drive_past`."""
    found = drive_past()
    for ms in range(0, 4001, 100):
        found.set_timed("map", "odom", ms * MS, np.eye(4) if ms < at_ms else after)
    return found


IN_MAP = {"map__frame": "map"}


@pytest.mark.parametrize(
    ("after", "known"),
    [(offset(0, 0), True), (offset(0.3, 2), True), (offset(2, 0), False), (offset(0, 10), False),
     (offset(2, 10), False)],
)  # fmt: skip
def test_a_jump_of_the_localisation_clears_the_memory(after, known):
    core = perception(transforms=localised(after), **IN_MAP)
    see(core, [GROUND], (100, 200, 300, 800, 900), point=(9.5 + 1, 0.5, 0.5))
    see(core, [GROUND], (1100,), point=(-20.0, 0.5, 0.5))
    assert ("memory_cleared" in {issue.code for issue in core.issues.all()}) is not known
    assert (len(core.filled_maps[0].map) > 0) is known


def test_labels_before_a_jump_are_not_given_after_it():
    """What was remembered in the place that is asked for now lies 2 m and 10 degrees off."""
    core = perception(transforms=localised(offset(2, 10), at_ms=1000), **IN_MAP)
    see(core, [GROUND], (100, 200, 300))
    for stamp_ms in range(400, 1300, 100):
        see(core, [TRUNK], (stamp_ms,), point=(30.0, 0.5, 0.5))
    everywhere = [(x, y, 0.5) for x in np.arange(-14, -5, 0.5) for y in np.arange(-6, 6, 0.5)]
    statuses = {status for _, status in outcome(later(core, *everywhere))}
    assert statuses == {"OUT_OF_VIEW"}


def test_an_odometry_that_begins_again_clears_the_memory():
    transforms = tree()
    for ms in range(1000, 4001, 50):
        transforms.set_timed("odom", "base", ms * MS, offset(2, 10))
    core = perception(transforms=transforms)
    see(core, [GROUND], (100, 200, 300, 700, 800, 900, 1000))
    assert "memory_cleared" in {issue.code for issue in core.issues.all()}


SAVED = {"map__frame": "map", "map__localized": True}
# Places beside each other before the camera, each 300 times in a scan; the last one is not seen.
ROW = [(10.5, y + 0.5, 0.5) for y in (-2, 0, 2)]
OFF = (-9.5, 0.5, 0.5)


def saved_map(tmp_path, classes=None, voxel_m=1.0, labels=(GROUND, TRUNK, GROUND, TRUNK)):
    places = [(x, y, z + 1) for x, y, z in [*ROW, OFF]]
    voxels = Voxels(
        np.array(places) * voxel_m,
        np.array(labels, np.uint8),
        np.full(4, 0.8, np.float32),
        np.full(4, 9, np.uint32),
        1,
        np.zeros(3),
    )
    chosen = classes or ontology()
    path = tmp_path / "map.ply"
    write_points(path, map_points(voxels, chosen), class_comments(chosen))
    return {**SAVED, "map__load": str(path)}


def see_row(core, labels, stamps_ms, *more):
    """Stripes of 80 pixels: y = -2, 0, 2 lie to the right, in the middle and to the left."""
    for stamp_ms in stamps_ms:
        left, middle, right = labels[::-1]
        core.add_label_map(label_map(stamp_ms, [left] * 35 + [middle] * 6 + [right] * 39))
        last = core.label("top", cloud(stamp_ms, *ROW * 100, *more))
    return last


def test_a_saved_map_is_remembered_once_what_is_seen_bears_it_out(tmp_path):
    core = perception(transforms=localised(np.eye(4)), **saved_map(tmp_path))
    semantic = see_row(core, (GROUND, TRUNK, GROUND), (100,), OFF)
    assert outcome(semantic)[:3] == [(n, "LABELLED") for n in (GROUND, TRUNK, GROUND)]
    assert outcome(semantic)[-1] == (TRUNK, "REMEMBERED")
    assert semantic.confidence[-1] == pytest.approx(0.8)
    # It is not of what was seen: neither the map nor a costmap of it has it.
    assert len(core.filled_maps[0].voxels()) == 3
    assert not [issue for issue in core.issues.all() if issue.stream == "memory"]


def test_a_saved_map_that_lies_off_is_not_remembered_and_that_is_said(tmp_path):
    core = perception(transforms=localised(np.eye(4)), **saved_map(tmp_path))
    semantic = see_row(core, (TRUNK, GROUND, GROUND), (100,), OFF)
    assert outcome(semantic)[-1] == (UNKNOWN, "OUT_OF_VIEW")
    (issue,) = [issue for issue in core.issues.all() if issue.stream == "memory"]
    assert "33% have the class that map.load says" in str(issue)
    # Borne out for long enough, it is trusted, and nothing is said any more.
    semantic = see_row(core, (GROUND, TRUNK, GROUND), range(150, 450, 50), OFF)
    assert outcome(semantic)[-1] == (TRUNK, "REMEMBERED")
    assert not [issue for issue in core.issues.all() if issue.stream == "memory"]


def test_a_saved_map_of_which_nothing_is_seen_is_not_trusted(tmp_path):
    core = perception(transforms=localised(np.eye(4)), **saved_map(tmp_path))
    assert outcome(later(core, OFF, stamp_ms=100)) == [(UNKNOWN, "OUT_OF_VIEW")]


def test_what_is_seen_of_a_place_counts_more_than_what_was_saved(tmp_path):
    core = perception(transforms=localised(np.eye(4)), **saved_map(tmp_path))
    see_row(core, (GROUND, TRUNK, GROUND), (100, 150, 200))
    see(core, [GROUND], (250, 300, 350), point=ROW[1])
    semantic = see_row(core, (GROUND, TRUNK, GROUND), (400,), OFF)
    assert outcome(semantic)[-1] == (TRUNK, "REMEMBERED")
    behind = later(core, (-9.0, -0.5, 0.5), stamp_ms=2000)
    assert outcome(behind) == [(TRUNK, "REMEMBERED")]


def test_after_a_jump_a_saved_map_must_be_borne_out_anew(tmp_path):
    core = perception(transforms=localised(offset(2, 10), 300), **saved_map(tmp_path))
    semantic = see_row(core, (GROUND, TRUNK, GROUND), (100, 200, 300), OFF)
    assert "memory_cleared" in {issue.code for issue in core.issues.all()}
    assert outcome(semantic)[-1][0] != TRUNK


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"map__localized": False}, "say so by map.localized: true"),
        ({"map__frame": ""}, "set map.frame to a global one"),
        ({"map__frame": "odom"}, "got 'odom', an odometry's, which begins anew at each start"),
        ({"map__frame": "robot/odom_combined"}, "an odometry's, which begins anew"),
        ({"memory__enabled": False, "map__enabled": True}, "set memory.enabled: true too"),
    ],
)
def test_a_saved_map_is_refused_in_frames_that_begin_anew(tmp_path, changed, sentence):
    flat = {**saved_map(tmp_path), "memory__enabled": True, **changed}
    config = Config.from_parameters({key.replace("__", "."): v for key, v in flat.items()})
    with pytest.raises(ConfigError, match=sentence):
        check_map(config, ontology())


def test_maps_of_other_classes_or_voxels_and_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "coarse").mkdir()
    other = ontology().model_copy(update={"name": "other", "classes": ontology().classes[:2],
                                          "groupings": {}})  # fmt: skip
    refused = {
        "expected a map of the model's classes": saved_map(tmp_path / "other", classes=other),
        "set map.voxel_m to theirs": saved_map(tmp_path / "coarse", voxel_m=0.7),
        "check the path": {**SAVED, "map__load": str(tmp_path / "none.ply")},
    }
    for sentence, parameters in refused.items():
        with pytest.raises(ConfigError, match=sentence):
            perception(**parameters)

"""Which points get the label of their place from before, and which never do."""

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud, PointStatus
from seg_perception.geometry.transforms import TransformTree
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
    # Nothing entered, so nothing is asked for either: the map says why.
    assert {issue.code for issue in core.issues.all()} == {"not_mapped"}


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

"""Which points enter the map, and where they lie."""

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
ONTOLOGY = Ontology.parse(
    {
        "name": "three",
        "classes": [
            {"id": n, "name": name, "color": "#102030"}
            for n, name in enumerate(("ground", "trunk", "person"))
        ],
    },
    "test",
)


def tree():
    """base goes 1 m/s along odom's x; map lies 100 m off odom; the lidar is 1 m up."""
    found = TransformTree()
    offset = np.eye(4)
    offset[0, 3] = 100
    found.set_static("map", "odom", offset)
    for ms in range(0, 2001, 50):
        pose = np.eye(4)
        pose[0, 3] = ms / 1000
        found.set_timed("odom", "base", ms * MS, pose)
    up = np.eye(4)
    up[2, 3] = 1
    found.set_static("base", "lidar", up)
    found.set_static("base", "camera", up @ np.linalg.inv(T_OPTICAL_BODY))
    return found


def perception(transforms=None, **parameters):
    flat = {
        "cameras": ["front"],
        "camera.front.image_topic": "/image",
        "lidars": ["top"],
        "lidar.top.topic": "/points",
        "radars": ["nose"],
        "radar.nose.topic": "/radar",
        "map.enabled": True,
        "map.voxel_m": 1.0,
        **{key.replace("__", "."): value for key, value in parameters.items()},
    }
    return Perception(Config.from_parameters(flat), ONTOLOGY, transforms or tree())


def label_map(stamp_ms, labels=(0, 1, 2, UNKNOWN)):
    """Stripes from left to right."""
    image = np.repeat(np.repeat(np.array(labels, np.uint8), 20)[None], 60, axis=0)
    k = np.array([[40.0, 0, 39.5], [0, 40, 29.5], [0, 0, 1]])
    sure = np.full(image.shape, 255, np.uint8)
    return LabelMap("front", image, sure, stamp_ms * MS, "camera", Calibration(80, 60, k))


def cloud(stamp_ms, *points, away_mps=0.0):
    """Points and their Doppler, which for a robot at 1 m/s is -x / distance of things at rest."""
    layout = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("doppler", "f4")]
    array = np.array([(*p, away_mps - p[0] / np.linalg.norm(p)) for p in points], layout)[None]
    return PointCloud(array, stamp_ms * MS, "lidar")


# In the middle of each stripe at 10 m: u = 39.5 - 40 y / x.
STRIPES = [(10.2, 7.5, 0.2), (10.2, 2.5, 0.2), (10.2, -2.5, 0.2), (10.2, -7.5, 0.2)]


def label_once(core, stamp_ms=10, sensor="top", points=STRIPES):
    core.add_label_map(label_map(stamp_ms))
    core.label(sensor, cloud(stamp_ms, *points))
    return core.mappers[0].voxels()


def places(voxels):
    return {tuple(xyz): int(n) for xyz, n in zip(voxels.xyz.tolist(), voxels.labels, strict=True)}


def test_labelled_points_lie_in_the_fixed_frame_and_unknown_ones_do_not_enter():
    voxels = label_once(perception(), stamp_ms=1000)
    # The robot has gone 1 m; the lidar is 1 m up. The fourth point's pixel has no label.
    assert places(voxels) == {(11.5, 7.5, 1.5): 0, (11.5, 2.5, 1.5): 1, (11.5, -2.5, 1.5): 2}
    assert voxels.stamp_ns == 1000 * MS


def test_another_frame_may_be_named():
    voxels = label_once(perception(map__frame="map"))
    assert (110.5, 7.5, 1.5) in places(voxels)


def test_classes_that_are_left_out_and_doubtful_points_do_not_enter():
    assert set(places(label_once(perception(map__excluded_classes=["person"]))).values()) == {0, 1}
    # In the middle of a stripe, and beside its border.
    points = [STRIPES[0], (10.2, 5.02, 0.2)]
    core = perception(map__min_confidence=0.0)
    core.add_label_map(label_map(10))
    sure, doubtful = core.label("top", cloud(10, *points)).confidence.tolist()
    assert sure > doubtful > 0
    voxels = label_once(perception(map__min_confidence=(sure + doubtful) / 2), points=points)
    assert list(places(voxels)) == [(10.5, 7.5, 1.5)]


def test_radar_enters_where_it_is_named_and_rests():
    assert not len(label_once(perception(), 1000, sensor="nose"))
    core = perception(map__sensors=["nose"])
    assert len(label_once(core, 1000, sensor="nose")) > 0
    moving = perception(map__sensors=["nose"])
    moving.add_label_map(label_map(1000))
    semantic = moving.label("nose", cloud(1000, *STRIPES, away_mps=3.0))
    assert (semantic.status == PointStatus.LABELLED).any()
    assert not len(moving.mappers[0].voxels())


def test_voxels_of_few_scans_are_held_back():
    core = perception(map__min_scans=2)
    assert not len(label_once(core))
    core.label("top", cloud(0, STRIPES[0]))
    assert places(core.mappers[0].voxels()) == {(10.5, 7.5, 1.5): 0}


def test_a_scan_that_has_no_place_is_counted_with_its_reason():
    core = perception(map__frame="utm")
    assert not len(label_once(core))
    assert core.mappers[0].left_out == 1
    (issue,) = core.issues.all()
    assert "'utm' is not known" in str(issue)


def test_a_clock_that_jumps_empties_the_map():
    core = perception()
    assert len(label_once(core))
    core.reset()
    assert not len(core.mappers[0].voxels())


def test_nothing_is_kept_unless_it_is_asked_for():
    assert perception(map__enabled=False).mappers == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"transforms__fixed_frame": ""}, "set map.frame"),
        ({"map__excluded_classes": ["persom"]}, r"\['persom'\]"),
    ],
)
def test_a_map_that_can_t_be_made_is_refused(parameters, words):
    with pytest.raises(ConfigError, match=words):
        perception(**parameters)
    config = perception(map__enabled=False).config.to_parameters()
    flat = {key.replace("__", "."): value for key, value in parameters.items()}
    with pytest.raises(ConfigError, match=words):
        check_map(Config.from_parameters({**config, **flat, "map.enabled": True}), ONTOLOGY)


def test_sensors_of_the_map_must_exist():
    with pytest.raises(ConfigError, match=r"map.sensors names \['rear'\]"):
        perception(map__sensors=["rear"])

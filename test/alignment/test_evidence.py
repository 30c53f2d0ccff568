"""Evidence of a picture and edges worked out by hand: one bright stripe, one post."""

from dataclasses import replace

import numpy as np
import pytest
from boxes import HEIGHT, WIDTH, boxes, observation

from seg_perception.alignment.edge_maps import DIRECTIONS, ONE, direction_of, edge_maps
from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.reflectivity_edges import reflectivity_edges
from seg_perception.alignment.rotation_search import RotationSearch, search_rotation, turn
from seg_perception.alignment.verdict import judge
from seg_perception.alignment.window import Window
from seg_perception.core.types import PointCloud


def test_a_map_answers_to_its_own_direction():
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    picture[:, WIDTH // 2 :] = 200
    maps = edge_maps(picture)
    across, along = maps[0, HEIGHT // 2], maps[DIRECTIONS // 2, HEIGHT // 2]
    border = slice(WIDTH // 2 - 1, WIDTH // 2 + 1)
    assert (across[border] > 0.2 * ONE).all()
    assert (across[border] >= across.max()).all()
    assert (across[WIDTH // 2 + 3 : WIDTH // 2 + 7] < 0).all()
    assert np.abs(along[border]).max() < 0.1 * ONE


def test_directions_are_those_of_a_step_either_way():
    steps = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -0.01]])
    half, quarter = DIRECTIONS // 2, DIRECTIONS // 4
    assert direction_of(steps).tolist() == [0, 0, half, half, quarter, quarter, 0]


@pytest.mark.parametrize("planted", [(0, 0, 0), (0.5, 0, 0), (0, -2, 0), (1, 1.5, -2.5)])
def test_a_turn_is_found_along_all_axes_at_once(planted):
    seen = [observation(*boxes(seed)) for seed in range(3)]
    as_if = turn(np.array(planted, float))
    search = search_rotation(Evidence(seen).placed(as_if=np.linalg.inv(as_if)))
    assert search.turn_deg == pytest.approx(planted, abs=0.15)
    assert (search.interval_deg < 0.5).all()
    assert judge(search)[0] == ("off" if any(planted) else "good")


def test_pictures_of_something_else_say_nothing():
    for seed in range(4):
        seen = observation(boxes(seed)[0], boxes(seed + 100)[1])
        assert judge(search_rotation(Evidence([seen])))[0] == "undecided"


def test_a_shift_is_a_shift_of_the_principal_point():
    picture, edges = boxes(1)
    evidence = Evidence([observation(np.roll(picture, (-20, 30), axis=(0, 1)), edges)])
    shifts = [(0.0, 0.0), (30.0, -20.0), (-30.0, 20.0)]
    scores = evidence.placed(beside_view=0.6).shifted_sums(shifts).scores
    assert int(scores.argmax()) == 1
    assert scores[1] > 3 * abs(scores[0])


def test_scores_are_sums_over_the_root_of_the_count():
    picture, edges = boxes(2)
    evidence = Evidence([observation(picture, edges)])
    sums = evidence.sums([np.eye(4)])
    places, values = evidence.seen(np.eye(4))
    assert len(values) == int(sums.edges[0])
    assert sums.scores[0] == pytest.approx(values.sum() / np.sqrt(len(values)), rel=1e-4)
    assert sum(sums.half(half)[0] for half in range(2)) > sums.scores[0]
    assert ((places >= -0.5) & (places < [WIDTH, HEIGHT])).all()


def found(**changes):
    values = {
        "turn_deg": np.array([0.1, -0.1, 0.2]),
        "interval_deg": np.array([0.2, 0.2, 0.4]),
        "window": Window(np.zeros(3), z=9.0, distinctness=3.0, sigma=1.0),
        "halves_deg": np.zeros(3),
        "is_inside": True,
        "edges": 400,
    }
    return RotationSearch(**{**values, **changes})


def test_the_rule_speaks_where_everything_holds():
    assert judge(found())[0] == "good"
    assert judge(found(turn_deg=np.array([0.1, 0.5, 0.0])))[0] == "off"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edges": 20}, "20 edges"),
        ({"is_inside": False}, "border"),
        ({"window": Window(np.zeros(3), 4.4, 3.0, 1.0)}, "hardly stands out"),
        ({"window": Window(np.zeros(3), 9.0, 0.5, 1.0)}, "nearly as well"),
        ({"halves_deg": np.array([0, 1.0, 0])}, "1.0 deg of yaw apart"),
        ({"interval_deg": np.array([0.7, 0.1, 0.1])}, "pitch is known to 0.7"),
    ],
)
def test_one_doubt_is_enough_to_be_silent(change, words):
    level, doubts = judge(found(**change))
    assert level == "undecided"
    assert len(doubts) == 1
    assert words in doubts[0]


def test_reflectivity_edges_lie_where_brightness_jumps_on_an_even_wall():
    rows, columns = 10, 40
    layout = [*((axis, "<f4") for axis in "xyz"), ("intensity", "<u2")]
    points = np.zeros((rows, columns), layout)
    azimuth = np.radians(np.linspace(-20, 20, columns))[None]
    elevation = np.radians(np.linspace(-5, 5, rows))[:, None]
    points["x"] = 10 / (np.cos(azimuth) * np.cos(elevation)) * np.cos(azimuth) * np.cos(elevation)
    points["y"], points["z"] = 10 * np.tan(azimuth), 10 * np.tan(elevation)
    points["intensity"] = np.where(np.arange(columns) < 20, 10, 90)
    cloud = PointCloud(points, 0, "lidar")
    edges = reflectivity_edges(cloud, cloud.xyz)
    assert len(edges) == rows
    assert set(np.round(edges.edge[:, 1], 3)) == {round(float(points["y"][0, 19]), 3)}
    assert set(np.round(edges.outside[:, 1], 3)) == {round(float(points["y"][0, 20]), 3)}


def test_without_brightness_there_are_none():
    points = np.ones((4, 8), [(axis, "<f4") for axis in "xyz"])
    cloud = PointCloud(points, 0, "lidar")
    assert len(reflectivity_edges(cloud, cloud.xyz)) == 0


def test_between_two_offsets_of_the_clock_edges_move_evenly():
    """A camera that turns by half a degree a step: half a step is a quarter of a degree."""
    picture, edges = boxes(1)
    a_step = turn(np.array([0.0, 0.5, 0.0]))
    poses = np.stack([np.linalg.inv(a_step), np.eye(4), a_step])
    evidence = Evidence([replace(observation(picture, edges), T_camera_lidar=poses)], at=1)
    (drifted,) = evidence.sums([np.eye(4)], [0.5]).scores
    (turned,) = evidence.sums([turn(np.array([0.0, 0.25, 0.0]))]).scores
    (still,) = evidence.sums([np.eye(4)]).scores
    assert drifted == pytest.approx(turned, rel=0.02)
    assert drifted < 0.8 * still


def test_beyond_the_recorded_transforms_edges_do_not_drift():
    picture, edges = boxes(1)
    poses = np.stack([np.full((4, 4), np.nan), np.eye(4)])
    evidence = Evidence([replace(observation(picture, edges), T_camera_lidar=poses)], at=1)
    assert evidence.sums([np.eye(4)], [3.0]).scores == evidence.sums([np.eye(4)]).scores

"""Sky that returns a pulse and ground overhead are no labels; everything else stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.config import PlausibilityConfig, RadarTransferConfig, TransferConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.core.types import Calibration, PointStatus, label_dtype
from seg_perception.fusion.label_transfer import Transfer, View, transfer_labels
from seg_perception.fusion.lidar_prior import Bearings, LidarLabelIndex
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.radar import transfer_radar_labels
from seg_perception.geometry.camera import CameraModel

from .conftest import HEIGHT, WIDTH, points_at

UNKNOWN = 255
S = PointStatus
FIELD = Ontology.load("field")
SKY, TRAIL, WATER, TREE, GRASS = (
    FIELD.ids[name] for name in ("sky", "rough_trail", "water", "high_vegetation", "grass")
)
GROUND = 2
USUAL = Plausibility.of(PlausibilityConfig(), FIELD)
# Optical axes: y points down.
LEVEL = np.array([0.0, -1.0, 0.0])
T_CAMERA_RADAR = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])


def image(label: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), label)


def paint(
    xyz: np.ndarray, *views: View, plausibility: Plausibility | None = USUAL, **config: float
) -> Transfer:
    points = np.float32(xyz).reshape(-1, 3)
    return transfer_labels(
        points, views, TransferConfig(**config), UNKNOWN, plausibility=plausibility
    )


def ahead_at(*elevations_deg: float) -> np.ndarray:
    """Points 10 m from the camera, straight ahead and so far above the horizon."""
    angles = np.radians(elevations_deg)
    return 10 * np.stack([0 * angles, -np.sin(angles), np.cos(angles)], axis=1)


def wide(view: View) -> View:
    """The same with 45 degrees to each side, in place of 27 above and below."""
    k = np.array([[50.0, 0, 99.5], [0, 50, 49.5], [0, 0, 1]])
    return replace(view, camera=CameraModel.from_calibration(Calibration(WIDTH, HEIGHT, k)))


def test_sky_under_a_return_is_no_label(make_view) -> None:
    labels = image(TREE)
    labels[:20] = SKY
    xyz = points_at(np.array([[100, 10], [100, 60]]), 5.0)
    found = paint(xyz, make_view(labels))
    assert found.labels.tolist() == [UNKNOWN, TREE]
    assert found.status.tolist() == [S.CONTRADICTED, S.LABELLED]
    assert (found.confidence[0], found.sources.tolist()) == (0, [255, 0])


def test_without_the_test_sky_is_published(make_view) -> None:
    found = paint(points_at(np.array([[100, 10]]), 5.0), make_view(image(SKY)), plausibility=None)
    assert found.labels.tolist() == [SKY]


def test_another_camera_that_sees_something_there_is_believed(make_view) -> None:
    xyz = points_at(np.array([[100, 50]]), 5.0)
    unsure = make_view(image(TREE), confidence=np.full((HEIGHT, WIDTH), 100))
    for views, source in (
        ((make_view(image(SKY)), unsure), 1),
        ((unsure, make_view(image(SKY))), 0),
    ):
        found = paint(xyz, *views)
        assert found.labels.tolist() == [TREE]
        assert found.sources.tolist() == [source]
        assert found.disputed == 0
        assert found.confidence[0] == pytest.approx(100 / 255, abs=0.01)


def test_what_has_no_label_for_another_reason_keeps_that_reason(make_view) -> None:
    labels = image(SKY)
    labels[:, :50] = UNKNOWN
    xyz = points_at(np.array([[20, 50], [100, 50]]), 5.0)
    assert paint(xyz, make_view(labels), min_confidence=0.5).status.tolist() == [
        S.UNCERTAIN,
        S.CONTRADICTED,
    ]
    faint = make_view(image(SKY), confidence=np.full((HEIGHT, WIDTH), 20))
    assert set(paint(xyz, faint, min_confidence=0.5).status.tolist()) == {S.UNCERTAIN}
    # A point 20 m behind others under the same label is hidden by them.
    pixels = np.array([[u, v] for u in range(90, 111, 2) for v in range(40, 61, 2)])
    crowd = np.concatenate([points_at(pixels, 5.0), points_at(np.array([[100, 50]]), 20.0)])
    assert paint(crowd, make_view(image(SKY))).status[-1] == S.OCCLUDED


@pytest.mark.parametrize("label", [TRAIL, WATER])
def test_ground_above_what_ground_rises_to_is_no_label(make_view, label: int) -> None:
    view = replace(wide(make_view(image(label))), up=LEVEL)
    found = paint(ahead_at(-20, 0, 20, 34.9, 35.1, 40), view)
    assert found.status.tolist() == [S.LABELLED] * 4 + [S.CONTRADICTED] * 2


def test_what_grows_may_stand_overhead(make_view) -> None:
    view = replace(wide(make_view(image(GRASS))), up=LEVEL)
    assert paint(ahead_at(40), view).status.tolist() == [S.LABELLED]


def test_elevation_counts_from_the_horizon_and_not_from_the_optical_axis(make_view) -> None:
    # The camera looks up by 20 degrees: up leans back, away from where it looks.
    up = np.array([0, -np.cos(np.radians(20)), np.sin(np.radians(20))])
    view = replace(wide(make_view(image(TRAIL))), up=up)
    found = paint(ahead_at(14, 16), view)
    assert found.status.tolist() == [S.LABELLED, S.CONTRADICTED]


def test_it_counts_from_the_camera_and_not_from_the_lidar(make_view) -> None:
    # The lidar sits 3 m below the camera; what is 40 degrees above it is level with the camera.
    T = np.eye(4)
    T[1, 3] = 3.0
    view = replace(wide(make_view(image(TRAIL), T=T)), up=LEVEL)
    above_lidar = ahead_at(40) * (3 / 10 / np.sin(np.radians(40)))
    assert paint(above_lidar, view).status.tolist() == [S.LABELLED]
    assert paint(ahead_at(80) * 2, view).status.tolist() == [S.OUT_OF_VIEW]


def test_where_up_is_not_known_ground_is_believed_and_sky_is_not(make_view) -> None:
    trail, sky = (wide(make_view(image(label))) for label in (TRAIL, SKY))
    assert paint(ahead_at(40), trail).status.tolist() == [S.LABELLED]
    assert paint(ahead_at(40), sky).status.tolist() == [S.CONTRADICTED]


def test_each_test_can_be_switched_off(make_view) -> None:
    sky = replace(wide(make_view(image(SKY))), up=LEVEL)
    trail = replace(wide(make_view(image(TRAIL))), up=LEVEL)
    no_sky = Plausibility.of(PlausibilityConfig(sky_groups=[]), FIELD)
    no_ground = Plausibility.of(PlausibilityConfig(ground_groups=[]), FIELD)
    assert paint(ahead_at(40), sky, plausibility=no_sky).labels.tolist() == [SKY]
    assert paint(ahead_at(40), trail, plausibility=no_sky).status.tolist() == [S.CONTRADICTED]
    assert paint(ahead_at(40), trail, plausibility=no_ground).labels.tolist() == [TRAIL]
    assert paint(ahead_at(40), sky, plausibility=no_ground).status.tolist() == [S.CONTRADICTED]


def test_points_that_are_none_disturb_nobody(make_view) -> None:
    view = replace(make_view(image(TRAIL)), up=LEVEL)
    xyz = np.array([[np.nan, 0, 5], [0, -np.inf, 5], [1e30, 0, 1], [0, 0, 5]])
    with np.errstate(invalid="raise", over="raise"):
        assert paint(xyz, view).status.tolist() == [S.INVALID, S.INVALID, S.INVALID, S.LABELLED]


def test_pieces_of_a_large_cloud_are_each_tested_with_their_own_points(make_view) -> None:
    view = replace(wide(make_view(image(TRAIL))), up=LEVEL)
    xyz = np.concatenate([ahead_at(*np.full(40_000, 10.0)), ahead_at(*np.full(5_000, 40.0))])
    status = paint(xyz, view).status
    assert (status[:40_000] == S.LABELLED).all()
    assert (status[40_000:] == S.CONTRADICTED).all()


def test_a_model_without_the_grouping_is_not_tested(make_view) -> None:
    data = FIELD.model_dump(mode="json")
    plain = Ontology.parse({**data, "groupings": {}}, "test")
    untested = Plausibility.of(PlausibilityConfig(), plain)
    assert paint(ahead_at(10), make_view(image(SKY)), plausibility=untested).labels.tolist() == [
        SKY
    ]


def test_groups_of_ones_own_can_be_named_and_wrong_ones_are_refused() -> None:
    config = PlausibilityConfig(
        grouping="traversability", sky_groups=[], ground_groups=["drivable"]
    )
    found = Plausibility.of(config, FIELD)
    drivable = next(g for g in FIELD.groupings["traversability"] if g.name == "drivable")
    assert set(np.flatnonzero(found.kinds == GROUND)) == {
        FIELD.ids[name] for name in drivable.classes
    }
    with pytest.raises(ConfigError, match=r"plausibility.sky_groups: expected groups.*'skyy'"):
        Plausibility.of(PlausibilityConfig(sky_groups=["skyy"]), FIELD)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_label_space_that_names_a_sky_is_tested(name: str) -> None:
    ontology = Ontology.load(name)
    found = Plausibility.of(PlausibilityConfig(), ontology)
    named = [c.id for c in ontology.classes if c.name.split("_")[0] == "sky"]
    every = np.arange(ontology.unknown_id + 1).astype(label_dtype(ontology.id_count))
    assert found.is_sky(every)[named].all()
    assert found.is_sky(every).any() == bool(named)
    assert (found.kinds == GROUND).any() == (name != "voc")
    assert found.kinds[ontology.unknown_id] == 0


def radar(view: View, lidar: LidarLabelIndex | None = None) -> Transfer:
    xyz = np.float32([[10, 0, 0]])
    errors = (np.full(1, sigma) for sigma in (0.01, 0.02, 0.15))
    return transfer_radar_labels(
        Bearings(xyz, *errors), [view], RadarTransferConfig(), UNKNOWN, lidar, USUAL
    )


def test_sky_under_a_radars_return_is_no_label(make_view) -> None:
    found = radar(make_view(image(SKY), T=T_CAMERA_RADAR))
    assert found.status.tolist() == [S.CONTRADICTED]
    assert (found.labels.tolist(), found.sources.tolist()) == ([UNKNOWN], [255])
    assert found.confidence.tolist() == [0]


def test_a_radars_elevation_is_too_coarse_to_tell_what_ground_is(make_view) -> None:
    steep = replace(make_view(image(TRAIL), T=T_CAMERA_RADAR), up=np.array([0.0, 0.0, 1.0]))
    assert radar(steep).labels.tolist() == [TRAIL]


def test_a_lidar_that_has_measured_there_puts_a_radars_sky_right(make_view) -> None:
    places = np.float32([[10, 0.02 * i, 0] for i in range(-3, 4)])
    view = make_view(image(SKY), T=T_CAMERA_RADAR)
    seen = LidarLabelIndex(places, np.full(7, TREE, np.uint8), np.ones(7, np.float32))
    assert radar(view, seen).labels.tolist() == [TREE]


def test_lidar_points_whose_label_was_taken_back_are_seen_and_say_nothing(make_view) -> None:
    places = np.float32([[10, 0.02 * i, 0] for i in range(-3, 4)])
    labels, none = np.full(7, UNKNOWN, np.uint8), np.zeros(7, np.float32)
    taken_back = LidarLabelIndex(places, labels, none, seen=np.ones(7, np.bool_))
    sky, tree = (make_view(image(label), T=T_CAMERA_RADAR) for label in (SKY, TREE))
    assert radar(sky, taken_back).status.tolist() == [S.CONTRADICTED]
    assert radar(tree, taken_back).labels.tolist() == [TREE]
    # One of them has a label: it counts, as before one that is hidden would not.
    labels[3], none[3] = TREE, 1.0
    one = LidarLabelIndex(places, labels, none, seen=np.ones(7, np.bool_))
    assert radar(sky, one).labels.tolist() == [TREE]
    hidden = LidarLabelIndex(places, labels, none)
    assert radar(sky, hidden).status.tolist() == [S.OCCLUDED]

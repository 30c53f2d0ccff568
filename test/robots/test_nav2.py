"""Nav2's parameter files: every class in a cost class, and what Nav2's layer makes of them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import yaml
from nav2_layer import (
    MAX_INTERVAL_NS,
    NO_INFORMATION,
    ApproximateTime,
    ExactTime,
    LayerCrashError,
    Nav2Layer,
)

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud
from seg_perception.outputs.legend import label_info
from seg_perception.outputs.nav2 import Nav2Clouds
from seg_perception.robots.nav2 import UNCOUNTED, lacking, nav2_parameters
from tools.nav2_files import FOLDER, ROBOT, texts

ONTOLOGY = Ontology.load("goose")
CONFIG = Config.from_parameters(ROBOT)
GRAVEL, GRASS, PERSON, SKY = (
    ONTOLOGY.ids[name] for name in ("gravel", "high_grass", "person", "sky")
)
SET = ("label_image", "confidence", "points")
STEP_NS = 100_000_000
LETHAL = 254


def local_layer(text, name="semantic_layer"):
    return yaml.safe_load(text)["local_costmap"]["local_costmap"]["ros__parameters"][name]


def layer_parameters(**changed):
    return {**local_layer(nav2_parameters(CONFIG, ONTOLOGY)), **changed}


def scan(labels, number=0, xyz=None, confidence=1.0):
    """A scan of points on a row along x, half a metre apart, so that each has its own tile."""
    points = np.zeros((1, len(labels)), [(name, "<f4") for name in "xyz"])
    places = [(1.25 + 0.5 * n, 0.25, 0.0) for n in range(len(labels))] if xyz is None else xyz
    for axis, values in zip("xyz", zip(*places, strict=True), strict=True):
        points[axis] = values
    return SemanticCloud(
        sensor="top",
        cloud=PointCloud(points, 10**12 + number * STEP_NS, "lidar"),
        labels=np.array(labels, np.uint8),
        confidence=np.full(len(labels), confidence, np.float32),
        status=np.full(len(labels), int(PointStatus.LABELLED), np.uint8),
        sources=np.zeros(len(labels), np.uint8),
        T_base_cloud=np.eye(4),
    )


@pytest.fixture
def layer():
    made = Nav2Layer(layer_parameters())
    made.sources["top"].take_labels(label_info(ONTOLOGY, 0))
    return made


def messages(semantic):
    found = Nav2Clouds(CONFIG, ONTOLOGY).make(semantic, "lidar")
    return [getattr(found, name) for name in SET]


def feed(layer, *scans):
    """Let the layer take scans; its costs along the row of tiles."""
    for semantic in scans:
        for index, message in enumerate(messages(semantic)):
            layer.take("top", index, message)
        layer.sources["top"].update(semantic.cloud.stamp_ns / 1e9)
    return [layer.sources["top"].cost_at(1.25 + 0.5 * n, 0.25) for n in range(4)]


@pytest.mark.parametrize(("name", "text"), list(texts()))
def test_every_class_of_a_shipped_ontology_has_one_cost_class(name, text):
    assert (FOLDER / name).read_text(encoding="utf-8") == text, "run python -m tools.nav2_files"
    source = local_layer(text)["top"]
    named = [c for kind in source["class_types"] for c in source[kind]["classes"]]
    assert sorted(named) == sorted(Ontology.load(name.removesuffix(".yaml")).ids)
    assert all(source[kind]["classes"] for kind in source["class_types"])


def test_the_layer_ignores_none_of_our_classes(layer):
    assert layer.sources["top"].ignored == []


def test_costs_are_by_group(layer):
    costs = feed(layer, scan([GRAVEL, GRASS, PERSON, SKY]))
    # 40 of 100 in steps of 254.
    assert costs == [0, 102, LETHAL, NO_INFORMATION]


def test_ground_that_is_not_certain_is_unknown_and_obstacles_count_however_uncertain(layer):
    # costmap.min_confidence is 0.6: 153 of 255.
    assert feed(layer, scan([GRAVEL, GRASS, PERSON], confidence=0.59)) == [
        NO_INFORMATION, NO_INFORMATION, LETHAL, NO_INFORMATION]  # fmt: skip
    assert feed(layer, scan([GRAVEL], 1, confidence=0.6))[0] == NO_INFORMATION  # mean is lower
    assert feed(layer, scan([GRASS] * 2, 2, [(1.75, 0.25, 0), (2.75, 0.25, 0)], 0.7))[3] == 102


def test_an_obstacle_blocks_at_once_however_often_the_ground_was_seen(layer):
    ground = [scan([GRAVEL], n) for n in range(30)]
    assert feed(layer, *ground)[0] == 0
    assert feed(layer, scan([PERSON], 30))[0] == LETHAL
    # And is gone when the ground was seen more often than it.
    assert feed(layer, scan([GRAVEL], 31))[0] == LETHAL
    assert feed(layer, scan([GRAVEL], 32))[0] == 0


@pytest.mark.parametrize("order", [(PERSON, GRAVEL), (GRAVEL, PERSON)])
def test_of_the_points_of_a_tile_the_worst_counts(layer, order):
    at_one_place = [(1.25, 0.25, 0.0), (1.3, 0.3, 0.0)]
    assert feed(layer, scan(order, xyz=at_one_place))[0] == LETHAL


def test_unknown_never_wins_a_tile_and_what_hangs_over_the_robot_does_not_block(layer):
    places = [(1.25, 0.25, 0.0), (1.3, 0.3, 2.6), (1.75, 0.25, 2.6), (2.25, 0.25, 0.0)]
    assert feed(layer, scan([GRAVEL, PERSON, PERSON, 255], xyz=places)) == [
        0, NO_INFORMATION, NO_INFORMATION, NO_INFORMATION]  # fmt: skip


def test_the_layer_itself_would_let_unknown_and_branches_win():
    """Why what must not count is NaN: with its place it counts."""
    layer = Nav2Layer(layer_parameters())
    source = layer.sources["top"]
    source.take_labels(label_info(ONTOLOGY, 0))
    mask, confidence, points = messages(scan([GRAVEL] * 2, xyz=[(1.25, 0.25, 0), (1.3, 0.3, 9.0)]))
    whole = messages(scan([GRAVEL] * 2, xyz=[(1.25, 0.25, 0), (1.3, 0.3, 0)]))[2]
    assert np.isnan(np.frombuffer(bytes(points.data), "<f4")[5])
    mask.data[:] = [255, GRAVEL]
    source.take_set(mask, confidence, whole)
    source.update(1000.0)
    assert source.cost_at(1.25, 0.25) == NO_INFORMATION  # 255 came first and won


def test_a_tile_forgets_and_its_cell_keeps_the_last_cost(layer):
    assert feed(layer, scan([PERSON]))[0] == LETHAL
    # Five seconds later the observation is gone; the layer leaves the cell as it was.
    assert feed(layer, scan([GRAVEL, GRAVEL], 51, [(9.25, 0.25, 0), (9.75, 0.25, 0)]))[0] == LETHAL
    assert feed(layer, scan([GRAVEL], 52))[0] == 0


def test_a_set_before_the_names_would_end_the_layers_process():
    layer = Nav2Layer(layer_parameters())
    with pytest.raises(LayerCrashError, match="before the names"):
        feed(layer, scan([GRAVEL]))


@pytest.mark.parametrize("approximate", [False, True])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_sets_match_in_whatever_order_their_messages_come(approximate, order):
    layer = Nav2Layer(layer_parameters(use_approximate_time_sync=approximate))
    source = layer.sources["top"]
    source.take_labels(label_info(ONTOLOGY, 0))
    for number in range(20):
        found = messages(scan([GRAVEL], number))
        for index in order:
            layer.take("top", index, found[index])
    assert source.counts == {"taken": 20}


def stamps_that_met(matcher, met):
    """Ten scans of which the fourth is but a mask and the fifth has lost its own."""
    for number in range(10):
        for index, message in enumerate(messages(scan([GRAVEL], number))):
            if (number, index) not in {(3, 1), (3, 2), (4, 0)}:
                matcher.add(index, message)
    return [len({message.header.stamp.nanosec for message in found}) for found in met]


def test_exact_matching_never_mixes_scans_and_the_layers_own_does():
    assert layer_parameters()["use_approximate_time_sync"] is False
    met = []
    assert stamps_that_met(ExactTime(3, lambda *found: met.append(found)), met) == [1] * 8
    met = []
    approximate = ApproximateTime(3, lambda *found: met.append(found), MAX_INTERVAL_NS)
    assert stamps_that_met(approximate, met) == [1, 1, 1, 2, 1, 1, 1, 1, 1]


def test_a_file_names_the_topics_of_every_lidar():
    config = Config.from_parameters(
        {**ROBOT, "lidars": ["top", "rear"], "lidar.rear.topic": "/rear/scan",
         "lidar.rear.output_topic": "/rear/labels", "costmap.obstacles": False}
    )  # fmt: skip
    text = nav2_parameters(config, ONTOLOGY)
    layer = local_layer(text)
    assert layer["observation_sources"] == "top rear"
    assert layer["rear"]["pointcloud_topic"] == "/rear/nav2/points"
    assert "&" not in text
    assert "obstacle_layer" not in text


def test_a_depth_camera_marks_and_clears_by_the_points_that_are_made_of_it():
    config = Config.from_parameters(
        {
            "cameras": ["front"],
            "camera.front.image_topic": "/front/color/image_raw",
            "camera.front.depth_topic": "/front/depth/image_raw",
            "output.nav2_semantic_cloud": True,
            "costmap.obstacles": True,
        }
    )
    text = nav2_parameters(config, ONTOLOGY)
    layer = local_layer(text)
    assert layer["front"]["pointcloud_topic"] == "/front/color/semantic/nav2/points"
    obstacles = local_layer(text, "obstacle_layer")
    assert obstacles["front"]["topic"] == "/front/color/semantic/obstacles"
    assert obstacles["front_clearing"]["topic"] == "/front/color/semantic/points"


def test_a_robot_that_can_not_serve_the_layer_is_told_why():
    with pytest.raises(ConfigError, match="expected a lidar or a depth camera in the robot file"):
        nav2_parameters(Config(), ONTOLOGY)
    classes = [{"id": 0, "name": "a", "color": "#000000"}]
    bare = Ontology.parse({"name": "bare", "classes": classes}, "test")
    with pytest.raises(ConfigError, match="traversability, which the model's ontology bare lacks"):
        nav2_parameters(CONFIG, bare)


def test_what_the_robot_file_lacks_is_said_in_the_file():
    config = Config.from_parameters({**ROBOT, "output.nav2_semantic_cloud": False})
    assert lacking(CONFIG) == []
    assert lacking(config) == ["output.nav2_semantic_cloud: true"]
    needs = "# seg_perception's own robot file needs output.nav2_semantic_cloud: true\n"
    assert needs in nav2_parameters(config, ONTOLOGY)
    assert "needs" not in nav2_parameters(CONFIG, ONTOLOGY)


def test_classes_without_a_cost_are_named_and_outweigh_nothing():
    source = layer_parameters()["top"]
    assert set(source[UNCOUNTED]["classes"]) == {"undefined", "ego_vehicle", "outlier", "sky"}
    assert (source[UNCOUNTED]["base_cost"], source[UNCOUNTED]["max_cost"]) == (NO_INFORMATION, 0)

"""Where a lidar is on the robot: asked for by an output, never guessed."""

import numpy as np

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.perception import Perception

CLASSES = [{"id": 0, "name": "ground", "color": "#102030"}]
ONTOLOGY = Ontology.parse({"name": "one", "classes": CLASSES}, "test")
UP = np.eye(4)
UP[2, 3] = 1.5


def perception(**parameters):
    sensors = {
        "lidars": ["top"],
        "lidar.top.topic": "/points",
        "radars": ["nose"],
        "radar.nose.topic": "/radar",
        "transforms.fixed_frame": "",
    }
    tree = TransformTree()
    tree.set_static("base_link", "lidar", UP)
    return Perception(Config.from_parameters({**sensors, **parameters}), ONTOLOGY, tree)


def label(core, sensor="top"):
    points = np.zeros((1, 2), [(name, "<f4") for name in "xyz"])
    return core.label(sensor, PointCloud(points, 5, "lidar"))


def test_a_lidar_is_placed_where_nav2_is_served():
    core = perception(**{"output.nav2_semantic_cloud": True})
    np.testing.assert_allclose(label(core).T_base_cloud, UP)
    assert label(core, "nose").T_base_cloud is None
    assert label(perception()).T_base_cloud is None


def test_a_base_frame_that_is_not_known_is_said_and_not_guessed():
    wishes = {"output.nav2_semantic_cloud": True, "output.nav2_base_frame": "chassis"}
    core = perception(**wishes)
    assert label(core).T_base_cloud is None
    assert label(core).T_base_cloud is None
    (issue,) = [i for i in core.issues.all() if i.code == "no_base_transform"]
    assert (issue.stream, issue.count) == ("lidar.top", 2)
    assert "no transform from 'chassis'" in issue.sentence
    assert "set output.nav2_base_frame" in issue.mend

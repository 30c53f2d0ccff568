"""The launch files start what their arguments say; `launch` itself is not needed for that."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from launch_stand_in import LaunchFile

from seg_perception.config import parameter_file
from seg_perception.core.errors import ConfigError
from seg_perception.robots import platforms

PARAMETERS = {
    "cameras": ["front"],
    "camera.front.image_topic": "front/image_raw",
    "lidars": ["top"],
    "lidar.top.topic": "/top/points",
    "map.enabled": True,
}


@pytest.fixture
def robot(tmp_path):
    path = tmp_path / "robot.yaml"
    path.write_text(parameter_file(PARAMETERS))
    return str(path)


@pytest.fixture
def launch_file(repo, tmp_path, monkeypatch):
    return lambda name: LaunchFile(repo / "launch" / name, tmp_path / "log", monkeypatch)


def shown_topics(node):
    """Topic by title of the view that RViz is started with."""
    flag, view = node.options["arguments"]
    assert flag == "-d"
    displays = yaml.safe_load(Path(view).read_text())["Visualization Manager"]["Displays"]
    return {d["Name"]: d["Topic"]["Value"] for d in displays if "Topic" in d}


def test_view_is_made_from_the_parameter_file(launch_file, robot):
    file = launch_file("perception.launch.py")
    (node,) = file.module.rviz(file.context(params_file=robot, rviz="true"))
    assert shown_topics(node) == {
        "Camera front": "/front/semantic/overlay",
        "Legend": "/perception_node/legend_image",
        "Lidar top": "/top/semantic/points",
        "Map": "/perception_node/map",
    }


def test_view_shows_the_topics_of_namespace_and_processes(launch_file, robot):
    file = launch_file("perception.launch.py")
    given = {"namespace": "a200_0000", "namespaced_tf": "true", "processes": "split"}
    (node,) = file.module.rviz(file.context(params_file=robot, rviz="true", **given))
    assert shown_topics(node) == {
        "Camera front": "/a200_0000/front/semantic/overlay",
        "Legend": "/a200_0000/semantic_cloud_node/legend_image",
        "Lidar top": "/top/semantic/points",
        "Map": "/a200_0000/semantic_cloud_node/map",
    }
    assert node.options["namespace"] == "a200_0000"
    assert node.options["remappings"] == [("/tf", "tf"), ("/tf_static", "tf_static")]


def test_view_that_is_named_is_taken_and_without_rviz_there_is_none(launch_file, robot):
    file = launch_file("perception.launch.py")
    given = {"params_file": robot, "rviz_config": "mine.rviz"}
    (node,) = file.module.rviz(file.context(rviz="true", **given))
    assert node.options["arguments"] == ["-d", "mine.rviz"]
    assert file.module.rviz(file.context(**given)) == []


@pytest.mark.parametrize("name", platforms.shipped())
def test_view_of_a_shipped_platform_is_the_shipped_one(launch_file, repo, tmp_path, name):
    copy = tmp_path / f"{name}.yaml"
    copy.write_bytes(platforms.shipped()[name].read_bytes())
    file = launch_file("perception.launch.py")
    (node,) = file.module.rviz(file.context(params_file=str(copy), rviz="true"))
    shipped = repo / "config" / "rviz" / f"{name}.rviz"
    assert Path(node.options["arguments"][1]).read_text() == shipped.read_text()


def test_nodes_hear_the_transforms_of_their_namespace_where_they_are_told_to(launch_file):
    rules = [("/tf", "tf"), ("/tf_static", "tf_static")]
    file = launch_file("perception.launch.py")
    given = {"params_file": "robot.yaml", "namespace": "a200", "processes": "split"}
    for namespaced, expected in (("false", []), ("true", rules)):
        nodes = file.module.perception_nodes(file.context(namespaced_tf=namespaced, **given))
        assert [node.options["executable"] for node in nodes] == [
            "segmentation_node",
            "semantic_cloud_node",
        ]
        assert all(node.options["remappings"] == expected for node in nodes)
        assert all(node.options["namespace"] == "a200" for node in nodes)
    file = launch_file("split.launch.py")
    (node,) = file.module.half_node(
        file.context(half="clouds", params_file="robot.yaml", namespaced_tf="true")
    )
    assert (node.options["executable"], node.options["remappings"]) == (
        "semantic_cloud_node",
        rules,
    )


class Replay:
    """A replay, of which processes exit."""

    def __init__(self, launch_file, robot, **given):
        file = launch_file("replay.launch.py")
        given = {"bag": "a.mcap", "params_file": robot, "namespace": "", **given}
        self.actions = file.module.bag_actions(file.context(**given))
        self._closed = self.actions[0].arguments[0].options["on_exit"]

    def node(self, executable):
        return next(a for a in self.actions if a.options.get("executable") == executable)

    def exits(self, process, code=0):
        """What is done when the player or recorder, or RViz, ends."""
        event = SimpleNamespace(process_name=f"{process}-7", returncode=code)
        handlers = [self._closed]
        if process != "rviz2":
            handlers.append(self.node(process).options["on_exit"])
        done = [handler(event, None) for handler in handlers]
        actions = [a for found in done for a in (found if isinstance(found, list) else [found])]
        return [action.kind for action in actions]


def test_bag_is_awaited_under_its_full_name_and_looped_where_asked(launch_file, robot):
    arguments = Replay(launch_file, robot, namespace="a200").node("bag_player").options["arguments"]
    assert arguments[arguments.index("--wait-for") + 1] == "/a200/front/image_raw"
    assert "--loop" not in arguments
    assert (
        "--loop" in Replay(launch_file, robot, loop="true").node("bag_player").options["arguments"]
    )


def test_rviz_stays_open_at_the_bags_end_and_closing_it_ends_the_rest(launch_file, robot):
    replay = Replay(launch_file, robot)
    assert replay.exits("bag_player") == ["LogInfo"]
    assert replay.exits("rviz2") == ["Shutdown"]


def test_rviz_that_is_closed_early_does_not_cut_the_replay(launch_file, robot):
    replay = Replay(launch_file, robot)
    assert replay.exits("rviz2") == []
    assert replay.exits("bag_player") == ["Shutdown"]


def test_loop_ends_with_rviz_or_with_its_player(launch_file, robot):
    assert Replay(launch_file, robot, loop="true").exits("rviz2") == ["Shutdown"]
    assert Replay(launch_file, robot, loop="true", rviz="false").exits("bag_player") == ["Shutdown"]


def test_replay_without_rviz_ends_with_the_bag_and_one_that_fails_ends_at_once(launch_file, robot):
    assert Replay(launch_file, robot, rviz="false").exits("bag_player") == ["Shutdown"]
    assert Replay(launch_file, robot).exits("bag_player", code=2) == ["Shutdown"]


def test_recorder_is_ended_after_the_bag_and_its_end_counts(launch_file, robot):
    replay = Replay(launch_file, robot, record="out.mcap", rviz="false")
    assert replay.exits("bag_player") == ["EmitEvent"]
    assert replay.exits("bag_recorder") == ["Shutdown"]
    replay = Replay(launch_file, robot, record="out.mcap", evaluate="runs/out")
    (scoring,) = replay.node("bag_recorder").options["on_exit"]
    assert scoring.options["cmd"] == ["seg-perception", "evaluate", "out.mcap", "-o", "runs/out"]
    ended = SimpleNamespace(process_name="seg-perception-9", returncode=0)
    assert scoring.options["on_exit"](ended, None).kind == "LogInfo"


def test_arguments_that_do_not_go_together_are_refused(launch_file, robot):
    with pytest.raises(ConfigError, match="evaluate needs a recording"):
        Replay(launch_file, robot, evaluate="runs/out")
    with pytest.raises(ConfigError, match="expected record or loop, got both"):
        Replay(launch_file, robot, record="out.mcap", loop="true")

"""Player, perception node and recorder as processes of one ROS graph on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seg_perception.config import CloudSensorConfig, Config
from seg_perception.config.input_topics import TF, TF_STATIC, camera_info_topic
from seg_perception.core.ros_environment import loopback_environment, reserved_domain_id
from seg_perception.demo.processes import Nodes
from seg_perception.demo.summary import Reports
from seg_perception.outputs.topics import STATUS, output_topics, private

_DISCOVERY_S = 2.0
_TAIL_S = 1.0
_START_S = 60.0
_SIM_TIME = ("-p", "use_sim_time:=true")


@dataclass(frozen=True)
class RosGraph:
    """What runs.

    Attributes:
        config: of the perception node.
        parameter_file: the same, but for the model's bundle.
        logs: existing folder for what the processes log.
    """

    config: Config
    parameter_file: Path
    logs: Path

    def label(self, bag: Path, recording: Path, seconds: float) -> Reports:
        """Play a bag in real time into the perception node and record what it publishes.

        Raises:
            ProcessError: a process failed, or did not end in time.
        """
        with (
            reserved_domain_id() as domain,
            Nodes(loopback_environment(domain), self.logs) as nodes,
        ):
            recorder = nodes.start("bag_recorder", recording, *self._recorder_arguments())
            perception = nodes.start("perception_node", *self._perception_arguments())
            player = nodes.start("bag_player", bag, *self._player_arguments())
            nodes.wait_for(player, _START_S + _DISCOVERY_S + seconds + _TAIL_S + _START_S)
            return Reports(player.report(), perception.stop(), recorder.stop())

    def _recorder_arguments(self) -> Iterator[object]:
        yield from ("--compression", "lz4", "--topics", *self._recorded_topics())
        yield from ("--ros-args", *_SIM_TIME)

    def _perception_arguments(self) -> Iterator[object]:
        yield from ("--ros-args", "--params-file", self.parameter_file, *_SIM_TIME)
        yield from ("-p", f"segmentation.bundle:={self.config.segmentation.bundle}")

    def _player_arguments(self) -> Iterator[object]:
        inputs = [camera.image_topic for camera in self.config.cameras.values()]
        inputs += [sensor.topic for sensor in self._cloud_sensors()]
        yield from ("--topics", *inputs, TF, TF_STATIC, *self._camera_info_topics())
        yield from ("--wait-for", *inputs, "--wait-timeout", _START_S)
        yield from ("--clock", "--delay", _DISCOVERY_S, "--tail", _TAIL_S)

    def _recorded_topics(self) -> Iterator[str]:
        yield from (private(t.name) for t in output_topics(self.config) if t.enabled)
        yield from (private(STATUS), TF, TF_STATIC, *self._camera_info_topics())

    def _camera_info_topics(self) -> list[str]:
        return [camera_info_topic(camera) for camera in self.config.cameras.values()]

    def _cloud_sensors(self) -> list[CloudSensorConfig]:
        return [*self.config.lidars.values(), *self.config.radars.values()]

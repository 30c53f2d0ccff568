"""Validated configuration: one model per group; yaml keys = fields = ROS parameters.

A ROS parameter file serves node, replay and evaluation. Lists name the sensors
(`cameras: [front]`), groups describe them (`camera.front.image_topic`, or nested).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from seg_perception.config.calibration import CalibrationConfig
from seg_perception.config.depth import DepthConfig, depth_sensors
from seg_perception.config.key_checks import malformed_lists, wrong_keys
from seg_perception.config.labelling import (
    PicturesConfig,
    PlausibilityConfig,
    RadarTransferConfig,
    SynchronizerConfig,
    TransferConfig,
    TransformsConfig,
)
from seg_perception.config.mapping import CostmapConfig, MapConfig, MemoryConfig
from seg_perception.config.outputs import NodeConfig, OutputConfig
from seg_perception.config.parameter_file import flatten, parameter_file, read_parameter_file
from seg_perception.config.parameter_group import meaning
from seg_perception.config.schema import SENSOR_KINDS, describe, without_expert_defaults
from seg_perception.config.segmentation import SegmentationConfig, TensorRtConfig
from seg_perception.config.sensors import (
    CameraConfig,
    CloudSensorConfig,
    LidarConfig,
    RadarConfig,
)
from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import explain_all


class Config(BaseModel):
    """Everything that a node, a replay or an evaluation is told."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    segmentation: SegmentationConfig = SegmentationConfig()
    tensorrt: TensorRtConfig = TensorRtConfig()
    synchronizer: SynchronizerConfig = SynchronizerConfig()
    transforms: TransformsConfig = TransformsConfig()
    transfer: TransferConfig = TransferConfig()
    radar_transfer: RadarTransferConfig = RadarTransferConfig()
    plausibility: PlausibilityConfig = PlausibilityConfig()
    pictures: PicturesConfig = PicturesConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    map: MapConfig = MapConfig()
    memory: MemoryConfig = MemoryConfig()
    costmap: CostmapConfig = CostmapConfig()
    output: OutputConfig = OutputConfig()
    node: NodeConfig = NodeConfig()
    cameras: dict[str, CameraConfig] = {}
    lidars: dict[str, LidarConfig] = {}
    radars: dict[str, RadarConfig] = {}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], origin: str = "parameters") -> Config:
        """Validate flat ROS parameters such as `{"transfer.cell_px": 8, "cameras": ["front"]}`.

        Raises:
            ConfigError: everything that is wrong, a sentence a line: unknown keys (with the
                nearest known one), wrong values, sensors that are listed and not described, or
                described and not listed.
        """
        if said := list(malformed_lists(parameters)):
            raise _refusal(said, origin)
        wrong = wrong_keys(parameters)
        said = list(dict.fromkeys(wrong.values()))
        known = {key: value for key, value in parameters.items() if key not in wrong}
        try:
            config = cls.model_validate(_by_model(known))
        except ValidationError as error:
            raise _refusal([*said, *explain_all(error, "", SENSOR_KINDS)], origin) from error
        if said := said or list(_contradictions(config)):
            raise _refusal(said, origin)
        return config

    @classmethod
    def load(cls, path: str | Path, node: str = "perception_node") -> Config:
        """Read a ROS parameter file: the sections `/**` and `node`.

        Raises:
            ConfigError: no such file, no ROS parameters in it, or a wrong one.
        """
        return cls.from_parameters(read_parameter_file(path, node), str(path))

    @property
    def depths(self) -> dict[str, DepthConfig]:
        """The cameras that measure depths, as sensors of points."""
        return depth_sensors(self.cameras)

    @property
    def surface_sensors(self) -> dict[str, CloudSensorConfig]:
        """What measures where surfaces are: lidars, and cameras with depths."""
        return {**self.lidars, **self.depths}

    @property
    def cloud_sensors(self) -> dict[str, CloudSensorConfig]:
        """Everything that gives points, by names of which no two are the same."""
        return {**self.lidars, **self.radars, **self.depths}

    @property
    def clouds_by_kind(self) -> tuple[tuple[str, Mapping[str, CloudSensorConfig]], ...]:
        """The same, by the kind that its stream is called after."""
        return ("lidar", self.lidars), ("radar", self.radars), ("depth", self.depths)

    @property
    def sensors_by_kind(
        self,
    ) -> tuple[tuple[str, Mapping[str, CameraConfig | CloudSensorConfig]], ...]:
        """The cameras, and everything that gives points."""
        return ("camera", self.cameras), *self.clouds_by_kind

    def kind_of(self, sensor: str) -> str:
        """The kind of a sensor that gives points."""
        return next(kind for kind, sensors in self.clouds_by_kind if sensor in sensors)

    def to_parameters(self) -> dict[str, Any]:
        """The flat ROS parameters that make this configuration."""
        data = self.model_dump()
        flat: dict[str, Any] = {}
        for plural, singular in SENSOR_KINDS.items():
            sensors = data.pop(plural)
            flat[plural] = list(sensors)
            flat.update(flatten(sensors, singular))
        return {**flatten(data), **flat}

    def to_file(self, *, expert: bool = True) -> str:
        """The text of a parameter file that makes this configuration, with the meaning of each.

        Without `expert` it lacks the expert parameters that have their default.
        """
        flat = self.to_parameters()
        meanings = {key: meaning(group.model_fields[field]) for key, group, field in describe(flat)}
        return parameter_file(flat if expert else without_expert_defaults(flat), meanings)


def _by_model(parameters: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for plural, singular in SENSOR_KINDS.items():
        tree[plural] = {
            name: _sensor(parameters, f"{singular}.{name}.") for name in parameters.get(plural, [])
        }
    for key, value in parameters.items():
        group, _, field = key.partition(".")
        if field and group not in SENSOR_KINDS.values():
            tree.setdefault(group, {})[field] = value
    return tree


def _sensor(parameters: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        key[len(prefix) :]: value for key, value in parameters.items() if key.startswith(prefix)
    }


def _refusal(sentences: Iterable[str], origin: str) -> ConfigError:
    return ConfigError("\n".join(f"{origin}: {sentence}" for sentence in sentences))


def _contradictions(config: Config) -> Iterator[str]:
    """What no parameter shows alone."""
    yield from _unknown_cameras(config)
    yield from _unknown_map_sensors(config)
    yield from _shared_names(config)
    yield from _reduced_labels(config)
    yield from _untold_axes(config)


def _unknown_cameras(config: Config) -> Iterator[str]:
    for kind, sensors in config.clouds_by_kind:
        for name, sensor in sensors.items():
            if unknown := sorted(set(sensor.cameras) - set(config.cameras)):
                expected = f"expected some of {list(config.cameras)}"
                yield f"{kind}.{name}.cameras names {unknown}, {expected}"


def _unknown_map_sensors(config: Config) -> Iterator[str]:
    if unknown := sorted(set(config.map.sensors) - set(config.cloud_sensors)):
        yield f"map.sensors names {unknown}, expected some of {list(config.cloud_sensors)}"


def _shared_names(config: Config) -> Iterator[str]:
    for (kind, some), (other, others) in combinations(config.clouds_by_kind, 2):
        called = "camera with depths" if other == "depth" else other
        for name in sorted(set(some) & set(others)):
            yield f"a {kind} and a {called} are both called {name!r}; rename one of them"


def _untold_axes(config: Config) -> Iterator[str]:
    """No scan tells the axes of a frame in which the camera itself measures."""
    for name in config.depths:
        if config.cameras[name].frame_convention == "auto":
            yield (
                f"camera.{name}.frame_convention: expected optical or body of a camera "
                "with depth_topic, got auto; set it to optical, as drivers of depth cameras have it"
            )


def _reduced_labels(config: Config) -> Iterator[str]:
    segmentation = config.segmentation
    if segmentation.decode == "reduced" and segmentation.output_size == "input":
        yield (
            "segmentation.decode: expected full, since segmentation.output_size: input asks for "
            "labels of all pixels, got reduced; set one of the two to its default"
        )

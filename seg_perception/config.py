"""Validated configuration: one model per stage; yaml keys = fields = ROS parameters.

A ROS parameter file serves node, replay and evaluation. Lists name the sensors
(`cameras: [front]`), flat groups describe them (`camera.front.image_topic`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seg_perception.errors import ConfigError

_SENSOR_KINDS = {"cameras": "camera", "lidars": "lidar", "radars": "radar"}


class Stage(BaseModel):
    """A group of parameters; unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SegmentationConfig(Stage):
    """Which model runs, and where."""

    bundle: str = Field("field_tiny", description="Shipped bundle's name, or path of a bundle folder or zip")
    engine: Literal["auto", "onnxruntime", "tensorrt"] = Field("auto", description="Inference engine")
    providers: list[str] = Field(
        ["CPUExecutionProvider"], description="ONNX Runtime providers, tried in order"
    )
    threads: int = Field(0, ge=0, le=256, description="Threads of one inference; 0 lets the engine choose")
    min_confidence: float = Field(0.0, ge=0, le=1, description="Pixels below it are unknown")
    output_size: Literal["network", "input"] = Field(
        "network", description="Publish label maps at the network's or at the image's size"
    )
    min_golden_agreement: float = Field(
        0.995, ge=0, le=1, description="Share of golden labels that an engine must reproduce"
    )


class PairingConfig(Stage):
    """Which label map a cloud may take, and how long it waits for a better one."""

    ring_size: int = Field(8, ge=1, le=1000, description="Label maps kept per camera")
    max_wait_s: float = Field(0.3, ge=0, le=60, description="Longest wait of a cloud for a newer label map")
    max_gap_s: float = Field(0.25, gt=0, le=60, description="Largest time between a cloud and its label map")
    queue_size: int = Field(8, ge=1, le=1000, description="Clouds that may wait per sensor; the oldest goes")


class TransformsConfig(Stage):
    """How /tf is kept and read."""

    fixed_frame: str = Field("odom", description="Frame through which motion between two stamps is compensated")
    buffer_s: float = Field(10.0, gt=0, le=3600, description="Seconds of timed transforms kept")
    max_extrapolation_s: float = Field(0.0, ge=0, le=10, description="Beyond the last transform, at most this")
    deskew: bool = Field(True, description="Use the cloud's per-point time, where it has one")
    max_interpolation_s: float = Field(1.0, gt=0, le=60, description="Widest gap between samples to interpolate")


class TransferConfig(Stage):
    """From label maps to points."""

    min_range_m: float = Field(0.3, ge=0, le=1000, description="Nearer points stay unknown")
    max_range_m: float = Field(200.0, gt=0, le=10000, description="Farther points stay unknown")
    cell_px: int = Field(8, ge=1, le=512, description="Cell of the depth buffer, about the beam spacing")
    margin_m: float = Field(0.3, ge=0, le=100, description="A point is hidden when farther than its cell by this")
    margin_ratio: float = Field(0.03, ge=0, le=1, description="... plus this share of its depth")
    boundary_px: float = Field(4.0, ge=0, le=100, description="Confidence fades this near to a label boundary")
    min_confidence: float = Field(0.0, ge=0, le=1, description="Points below it are unknown")


class RadarTransferConfig(Stage):
    """From label maps to radar returns, over the footprint of the bearing error."""

    azimuth_sigma_rad: float = Field(0.01, gt=0, le=1, description="Standard error of azimuth")
    elevation_sigma_rad: float = Field(0.02, gt=0, le=1, description="Standard error of elevation")
    samples: int = Field(25, ge=1, le=400, description="Points of the footprint that are looked at")
    min_share: float = Field(0.0, ge=0, le=1, description="Winning label's least share of the footprint")
    min_range_m: float = Field(0.3, ge=0, le=1000, description="Nearer returns stay unknown")
    max_range_m: float = Field(500.0, gt=0, le=10000, description="Farther returns stay unknown")


class OutputConfig(Stage):
    """What is published, and in which shape."""

    cloud_profile: Literal["pcl", "viking", "autoware", "float32"] = Field(
        "pcl", description="Names and types of the appended cloud fields"
    )
    drop_unlabelled: bool = Field(False, description="Leave unknown points out of the clouds")
    confidence: bool = Field(True, description="Publish the confidence image")
    color: bool = Field(True, description="Publish the coloured label image")
    overlay: bool = Field(True, description="Publish the overlay picture")
    overlay_alpha: float = Field(0.5, ge=0, le=1, description="Weight of the colours in the overlay")
    png: bool = Field(False, description="Publish labels as PNG too, for another machine")


class CameraConfig(Stage):
    """One camera."""

    image_topic: str = Field(min_length=1, description="Image or CompressedImage topic")
    camera_info_topic: str = Field("", description="Empty: camera_info beside the image topic")
    transport: Literal["auto", "raw", "compressed"] = Field("auto", description="Type of the image topic")
    output_prefix: str = Field("", description="Prefix of the output topics; empty: the image topic's parent")
    frame_id: str = Field("", description="Optical frame; empty: the image's own")
    frame_convention: Literal["optical", "body"] = Field(
        "optical", description="body: x forward as in GOOSE; it is turned into an optical frame"
    )
    rectified: bool = Field(False, description="The images are rectified: use P, no distortion")
    principal_point_offset_px: list[float] = Field(
        [0.0, 0.0], min_length=2, max_length=2, description="Added to cx, cy, for crops that camera_info hides"
    )
    time_offset_s: float = Field(0.0, ge=-10, le=10, description="Added to the stamps")
    weight: float = Field(1.0, gt=0, le=1000, description="Share of the engine against other cameras")


class _CloudSensorConfig(Stage):
    topic: str = Field(min_length=1, description="PointCloud2 topic")
    output_topic: str = Field("", description="Empty: semantic/points beside the input topic")
    frame_id: str = Field("", description="Sensor frame; empty: the cloud's own")
    cameras: list[str] = Field([], description="Cameras that may label it; empty: all")
    time_offset_s: float = Field(0.0, ge=-10, le=10, description="Added to the stamps")


class LidarConfig(_CloudSensorConfig):
    """One lidar."""


class RadarConfig(_CloudSensorConfig):
    """One radar."""


class NodeConfig(Stage):
    """How the node lives in the graph."""

    autostart: bool = Field(True, description="Configure and activate without being asked")
    input_reliability: Literal["auto", "reliable", "best_effort"] = Field(
        "auto", description="auto: reliable where every publisher offers it"
    )
    input_depth: int = Field(5, ge=1, le=1000, description="DDS history of the inputs")
    status_period_s: float = Field(1.0, gt=0, le=60, description="Period of status and diagnostics")


class Config(BaseModel):
    """Everything that a node, a replay or an evaluation is told."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    segmentation: SegmentationConfig = SegmentationConfig()
    pairing: PairingConfig = PairingConfig()
    transforms: TransformsConfig = TransformsConfig()
    transfer: TransferConfig = TransferConfig()
    radar_transfer: RadarTransferConfig = RadarTransferConfig()
    output: OutputConfig = OutputConfig()
    node: NodeConfig = NodeConfig()
    cameras: dict[str, CameraConfig] = {}
    lidars: dict[str, LidarConfig] = {}
    radars: dict[str, RadarConfig] = {}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], origin: str = "parameters") -> Config:
        """Validate flat ROS parameters such as `{"transfer.cell_px": 8, "cameras": ["front"]}`.

        Raises:
            ConfigError: an unknown key (with the nearest known one), a wrong value, a
                sensor that is listed and not described, or described and not listed.
        """
        _refuse_unlisted_sensors(parameters, origin)
        _refuse_unknown_keys(parameters, origin)
        try:
            config = cls.model_validate(_nest(parameters))
        except ValidationError as error:
            raise ConfigError(_explain(error, origin)) from error
        config._refuse_unknown_cameras(origin)
        config._refuse_shared_names(origin)
        return config

    @classmethod
    def load(cls, path: str | Path, node: str = "perception_node") -> Config:
        """Read a ROS parameter file: the sections `/**` and `node`.

        Raises:
            ConfigError: no such file, no ROS parameters in it, or a wrong one.
        """
        return cls.from_parameters(read_parameter_file(path, node), str(path))

    def to_parameters(self) -> dict[str, Any]:
        """The flat ROS parameters that make this configuration."""
        data = self.model_dump()
        flat: dict[str, Any] = {}
        for plural, singular in _SENSOR_KINDS.items():
            sensors = data.pop(plural)
            flat[plural] = list(sensors)
            flat.update(_flatten(sensors, singular))
        return {**_flatten(data), **flat}

    def _refuse_unknown_cameras(self, origin: str) -> None:
        for kind, sensors in (("lidar", self.lidars), ("radar", self.radars)):
            for name, sensor in sensors.items():
                if unknown := sorted(set(sensor.cameras) - set(self.cameras)):
                    msg = f"{origin}: {kind}.{name}.cameras names {unknown}, expected some of {list(self.cameras)}"
                    raise ConfigError(msg)

    def _refuse_shared_names(self, origin: str) -> None:
        if shared := sorted(set(self.lidars) & set(self.radars)):
            msg = f"{origin}: a lidar and a radar are both called {shared[0]!r}; rename one of them"
            raise ConfigError(msg)


def read_parameter_file(path: str | Path, node: str) -> dict[str, Any]:
    """Flat parameters of one node from a ROS parameter file; a node's own section wins over `/**`.

    Raises:
        ConfigError: no such file, not YAML, or no `ros__parameters` for the node.
    """
    file = Path(path)
    if not file.is_file():
        msg = f"parameter file {file} not found"
        raise ConfigError(msg)
    try:
        document = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{file} is not YAML: {error}"
        raise ConfigError(msg) from error
    sections = document if isinstance(document, dict) else {}
    found = [sections[key] for key in ("/**", node, f"/{node}") if key in sections]
    flat: dict[str, Any] = {}
    for section in found:
        if not isinstance(section, dict) or not isinstance(section.get("ros__parameters"), dict):
            msg = f"{file}: a section has no ros__parameters map; indent the parameters below it"
            raise ConfigError(msg)
        flat.update(_flatten(section["ros__parameters"]))
    if not found:
        msg = f"{file}: expected a section '/**' or '{node}' with ros__parameters, got {sorted(map(str, sections))}"
        raise ConfigError(msg)
    return {key: value for key, value in flat.items() if not is_ros_own(key)}


def dump(config: Config, node: str = "perception_node") -> str:
    """The ROS parameter file that makes this configuration."""
    return yaml.safe_dump({node: {"ros__parameters": config.to_parameters()}}, sort_keys=False)


def describe(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Stage | type[Stage], str]]:
    """Every parameter that exists for the sensors listed in `parameters`.

    Yields:
        The flat key, the model of its stage and the name of the field in it.
    """
    for group, field in Config.model_fields.items():
        if group in _SENSOR_KINDS:
            continue
        stage = field.annotation
        assert stage is not None
        for name in stage.model_fields:
            yield f"{group}.{name}", stage, name
    sensor_models = {"cameras": CameraConfig, "lidars": LidarConfig, "radars": RadarConfig}
    for plural, singular in _SENSOR_KINDS.items():
        for sensor in parameters.get(plural, []):
            for name in sensor_models[plural].model_fields:
                yield f"{singular}.{sensor}.{name}", sensor_models[plural], name


def is_ros_own(key: str) -> bool:
    """Whether ROS itself reads a parameter, so that it is none of ours."""
    return key == "use_sim_time" or key.startswith("qos_overrides.")


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            flat.update(_flatten(value, name))
        else:
            flat[name] = value
    return flat


def _nest(parameters: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for plural, singular in _SENSOR_KINDS.items():
        tree[plural] = {name: _sensor(parameters, f"{singular}.{name}.") for name in parameters.get(plural, [])}
    for key, value in parameters.items():
        group, _, field = key.partition(".")
        if field and group not in _SENSOR_KINDS.values():
            tree.setdefault(group, {})[field] = value
    return tree


def _sensor(parameters: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key[len(prefix) :]: value for key, value in parameters.items() if key.startswith(prefix)}


def _refuse_unlisted_sensors(parameters: Mapping[str, Any], origin: str) -> None:
    for plural, singular in _SENSOR_KINDS.items():
        listed = parameters.get(plural, [])
        if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
            msg = f"{origin}: {plural}: expected a list of names such as [front], got {listed!r}"
            raise ConfigError(msg)
        if len(set(listed)) != len(listed) or any("." in name for name in listed):
            msg = f"{origin}: {plural}: expected different names without dots, got {listed!r}"
            raise ConfigError(msg)
        described = {key.split(".")[1] for key in parameters if key.startswith(f"{singular}.") and key.count(".") > 1}
        if extra := sorted(described - set(listed)):
            msg = f"{origin}: {singular}.{extra[0]} is described but not listed; add it to {plural}: {listed}"
            raise ConfigError(msg)


def _refuse_unknown_keys(parameters: Mapping[str, Any], origin: str) -> None:
    known = {key for key, _, _ in describe(parameters)} | set(_SENSOR_KINDS)
    for key in parameters:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            mend = f"; did you mean {near[0]!r}?" if near else "; `seg-perception config dump` lists all"
            msg = f"{origin}: unknown parameter {key!r}{mend}"
            raise ConfigError(msg)


def _explain(error: ValidationError, origin: str) -> str:
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"]]
    if parts and parts[0] in _SENSOR_KINDS:
        parts[0] = _SENSOR_KINDS[parts[0]]
    if first["type"] == "missing":
        return f"{origin}: {'.'.join(parts)} is missing; give it a value"
    return f"{origin}: {'.'.join(parts)}: {first['msg']}, got {first['input']!r}"

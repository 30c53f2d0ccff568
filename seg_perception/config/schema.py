"""Which parameters there are: the groups, and the keys that the listed sensors make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seg_perception.config.calibration import CalibrationConfig
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
from seg_perception.config.parameter_group import EXPERT, LIVE, ParameterGroup, has_mark
from seg_perception.config.segmentation import SegmentationConfig, TensorRtConfig
from seg_perception.config.sensors import CameraConfig, LidarConfig, RadarConfig

# The list that names the sensors of a kind, and the group that describes each of them.
SENSOR_KINDS = {"cameras": "camera", "lidars": "lidar", "radars": "radar"}
_SENSOR_GROUPS: dict[str, type[ParameterGroup]] = {
    "cameras": CameraConfig,
    "lidars": LidarConfig,
    "radars": RadarConfig,
}
_GROUPS: dict[str, type[ParameterGroup]] = {
    "segmentation": SegmentationConfig,
    "tensorrt": TensorRtConfig,
    "synchronizer": SynchronizerConfig,
    "transforms": TransformsConfig,
    "transfer": TransferConfig,
    "radar_transfer": RadarTransferConfig,
    "plausibility": PlausibilityConfig,
    "pictures": PicturesConfig,
    "calibration": CalibrationConfig,
    "map": MapConfig,
    "memory": MemoryConfig,
    "costmap": CostmapConfig,
    "output": OutputConfig,
    "node": NodeConfig,
}


def describe(parameters: Mapping[str, Any]) -> Iterator[tuple[str, type[ParameterGroup], str]]:
    """Every parameter that exists for the sensors listed in `parameters`.

    Yields:
        The flat key, the model of its group and the name of the field in it.
    """
    for name, group in _GROUPS.items():
        for field in group.model_fields:
            yield f"{name}.{field}", group, field
    for plural, group in _SENSOR_GROUPS.items():
        for sensor in parameters.get(plural, []):
            for field in group.model_fields:
                yield f"{SENSOR_KINDS[plural]}.{sensor}.{field}", group, field


def live_keys(parameters: Mapping[str, Any]) -> set[str]:
    """The parameters that may be changed while a node works, for the sensors in `parameters`."""
    return {
        key
        for key, group, field in describe(parameters)
        if has_mark(group.model_fields[field], LIVE)
    }


def without_expert_defaults(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that one tunes, and expert ones that are set to something of their own."""
    defaults = {
        key: group.model_fields[field].default
        for key, group, field in describe(parameters)
        if has_mark(group.model_fields[field], EXPERT)
    }
    return {k: v for k, v in parameters.items() if k not in defaults or v != defaults[k]}

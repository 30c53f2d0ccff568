"""Parameters: validated data, the same for node, replay and evaluation."""

from seg_perception.config.config import Config, describe, dump, live_keys
from seg_perception.config.parameter_file import is_ros_own, read_parameter_file
from seg_perception.config.parameters import (
    CameraConfig,
    CloudSensorConfig,
    CostmapConfig,
    LidarConfig,
    MapConfig,
    NodeConfig,
    OutputConfig,
    ParameterGroup,
    RadarConfig,
    RadarTransferConfig,
    SegmentationConfig,
    SynchronizerConfig,
    TensorRtConfig,
    TransferConfig,
    TransformsConfig,
)

__all__ = [
    "CameraConfig",
    "CloudSensorConfig",
    "Config",
    "CostmapConfig",
    "LidarConfig",
    "MapConfig",
    "NodeConfig",
    "OutputConfig",
    "ParameterGroup",
    "RadarConfig",
    "RadarTransferConfig",
    "SegmentationConfig",
    "SynchronizerConfig",
    "TensorRtConfig",
    "TransferConfig",
    "TransformsConfig",
    "describe",
    "dump",
    "is_ros_own",
    "live_keys",
    "read_parameter_file",
]

"""Parameters: validated data, the same for node, replay and evaluation."""

from seg_perception.config.config import Config
from seg_perception.config.depth import DepthConfig
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
from seg_perception.config.parameter_file import is_ros_own, parameter_file, read_parameter_file
from seg_perception.config.parameter_group import EXPERT, LIVE, ParameterGroup, has_mark, meaning
from seg_perception.config.schema import describe, live_keys, without_expert_defaults
from seg_perception.config.segmentation import SegmentationConfig, TensorRtConfig
from seg_perception.config.sensors import (
    CameraConfig,
    CloudSensorConfig,
    LidarConfig,
    RadarConfig,
)

__all__ = [
    "EXPERT",
    "LIVE",
    "CameraConfig",
    "CloudSensorConfig",
    "Config",
    "CostmapConfig",
    "DepthConfig",
    "LidarConfig",
    "MapConfig",
    "MemoryConfig",
    "NodeConfig",
    "OutputConfig",
    "ParameterGroup",
    "PicturesConfig",
    "PlausibilityConfig",
    "RadarConfig",
    "RadarTransferConfig",
    "SegmentationConfig",
    "SynchronizerConfig",
    "TensorRtConfig",
    "TransferConfig",
    "TransformsConfig",
    "describe",
    "has_mark",
    "is_ros_own",
    "live_keys",
    "meaning",
    "parameter_file",
    "read_parameter_file",
    "without_expert_defaults",
]

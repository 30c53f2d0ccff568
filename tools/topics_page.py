"""Write docs/reference/topics.md: names and types from the code. python -m tools.topics_page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import numpy as np

from seg_perception.config import CameraConfig, Config, LidarConfig, RadarConfig
from seg_perception.config.input_topics import (
    CLOUD_TYPES,
    DEPTH_TYPES,
    IMAGE_TYPES,
    RADAR_TYPES,
    TF,
    TF_STATIC,
    TF_TYPES,
    camera_info_topic,
    depth_info_topic,
)
from seg_perception.io.messages import CameraInfo
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.semantic_fields import PROFILES
from seg_perception.outputs import topics
from tools.reference_page import REFERENCE, code, table

PAGE = REFERENCE / "topics.md"
# What each output of a camera is, by its name in CameraTopics.
_CAMERA = {
    "label_image": "mono8 (mono16 above 255 classes); 255 (65535): not computed",
    "label_image_png": "the same as PNG, where `output.png` is set",
    "confidence": "mono8, 255 is certain",
    "color": "rgb8, the classes' colours",
    "overlay": "rgb8, the image under its labels",
    "camera_info": "scaled to the label image",
    "label_info": "class names, where `vision_msgs` is installed",
}
_NODE = {
    topics.LEGEND: "names, colours, groupings",
    topics.LEGEND_IMAGE: "the colours with their names, to look at",
    topics.MAP: "[the voxel map](../how_to/mapping.md), where `map.enabled` is set",
    topics.MAP_UPDATES: "[voxels that changed](../how_to/mapping.md#only-what-changed), "
    "where `map.update_period_s` is set",
    topics.COSTMAP: "costs, -1 where unseen, where `costmap.grid` is set",
}
_CLOUD_MEANING = "the cloud with labels"
_DEPTH_MEANING = (
    "[points of the label map's pixels](../how_to/depth_camera.md), where `depth_topic` is set"
)
_OBSTACLES = "points that block the way, where `costmap.obstacles` is set"
# What Nav2's layer gets of a lidar or depth camera, by its name in Nav2Topics.
_NAV2 = {
    "label_image": "mono8, the scan's rows and columns; 255: does not count",
    "confidence": "mono8, 255 is certain; same stamp, frame and shape",
    "points": "x y z; same stamp, frame and shape, NaN where a point does not count",
    "label_info": "class names",
}
_NAV2_CLAUSE = "; for [Nav2's layer](../how_to/nav2.md), where `output.nav2_semantic_cloud` is set"
_HEAD = """# Topics

Written by `python -m tools.topics_page` from the code. `seg-perception config check FILE` prints
the topics of a parameter file, `seg-perception platform policy FILE` all that its node may touch.

Names are those of a camera `front` with `image_topic: /camera/front/image_raw` and `depth_topic:
/camera/front/depth/image_raw`, a lidar `top` with `topic: /lidar/top/points` and a radar `front`
with `topic: /radar/front/points`.

"""
_PROFILE_READERS = {
    "pcl": "PCL, RViz",
    "viking": "the Viking Hill tools",
    "autoware": "Autoware",
    "float32": "elevation mapping: every field is re-laid as float32",
}
_CLOUD = """## Fields of a semantic cloud

Every field of the input keeps its place; appended are, by `output.cloud_profile`, the label, its
confidence (float32, 0 to 1), and `rgb`, the class's colour packed into a float32 as PCL does:

"""
_CLOUD_END = """A radar's cloud also gets `moving` (uint8: 1 moves, 0 rests, 255 not known) where
the driver gives a velocity; a lidar's, with `memory.enabled`, `remembered` (uint8: 1 where no
camera sees the point now and the label is that of its [place from before](../how_to/memory.md)).
A name that the input already has becomes `semantic_<name>`.
Unknown is 255 (65535 above 255 classes; 8 with the ontology of Viking Hill). Hidden and
out-of-view points without a remembered label keep their place as unknown unless
`output.drop_unlabelled` is set, which leaves them out; `output.classes` leaves out all other
classes, too.
"""


def page() -> str:
    """The whole page as Markdown."""
    head = ["topic", "type", "what"]
    read = "## What is read\n\n" + table(head, _read())
    return _HEAD + read + "## What is published\n\n" + table(head, _published()) + _cloud()


def _cloud() -> str:
    rows = [
        [code(name), f"`{p.label}` {np.dtype(p.label_format).name}", code(p.confidence), readers]
        for (name, p), readers in ((item, _PROFILE_READERS[item[0]]) for item in PROFILES.items())
    ]
    return _CLOUD + table(["profile", "label", "confidence", "for"], rows) + _CLOUD_END


def example() -> Config:
    """The sensors whose topics the page shows."""
    return Config(
        cameras={
            "front": CameraConfig(
                image_topic="/camera/front/image_raw",
                depth_topic="/camera/front/depth/image_raw",
            )
        },
        lidars={"top": LidarConfig(topic="/lidar/top/points")},
        radars={"front": RadarConfig(topic="/radar/front/points")},
    )


def _read() -> list[list[str]]:
    config = example()
    camera, lidar, radar = config.cameras["front"], config.lidars["top"], config.radars["front"]
    return [
        [
            code(camera.image_topic),
            _kinds(IMAGE_TYPES),
            "`camera.<name>.image_topic`; jpeg, png, H.264 or H.265",
        ],
        [
            code(camera_info_topic(camera)),
            _kinds([CameraInfo.type_name]),
            "`camera.<name>.camera_info_topic`, by default beside the image",
        ],
        [
            code(camera.depth_topic),
            _kinds(DEPTH_TYPES),
            "`camera.<name>.depth_topic`; 16UC1, mono16, 32FC1, compressedDepth",
        ],
        [
            code(depth_info_topic(camera)),
            _kinds([CameraInfo.type_name]),
            "`camera.<name>.depth_camera_info_topic`, where depth is not aligned to the pictures",
        ],
        [code(lidar.topic), _kinds(CLOUD_TYPES), "`lidar.<name>.topic`; any fields"],
        [code(radar.topic), _kinds(RADAR_TYPES), "`radar.<name>.topic`"],
        [f"{code(TF)} {code(TF_STATIC)}", _kinds(TF_TYPES[:1]), "transforms"],
        [
            "",
            "`nav_msgs/Odometry`",
            "`transforms.odometry_topic`, where no transform moves a frame",
        ],
    ]


def _published() -> list[list[str]]:
    config = example()
    meanings = _meanings(config)
    rows = [
        [
            code(topic.name),
            _kinds([topic.type_name]),
            "latched: " * topic.latched + meanings[topic.name],
        ]
        for topic in topics.output_topics(config)
    ]
    return [
        *rows,
        [
            code(topics.STATUS),
            _kinds([SegmentationStatus.type_name]),
            "rates, latencies, the ledger",
        ],
        ["`/diagnostics`", "`diagnostic_msgs/DiagnosticArray`", "what is wrong, with its mend"],
    ]


def _meanings(config: Config) -> dict[str, str]:
    """What each topic of a configuration carries."""
    names = topics.CameraTopics.of(config.cameras["front"])
    camera = {getattr(names, field.name): _CAMERA[field.name] for field in fields(names)}
    lidar, radar = config.lidars["top"], config.radars["front"]
    clouds = {topics.cloud_topic(sensor): _CLOUD_MEANING for sensor in (lidar, radar)}
    depth = config.depths["front"]
    clouds[topics.cloud_topic(depth)] = _DEPTH_MEANING
    layer = {
        getattr(topics.Nav2Topics.of(sensor), name): text + _NAV2_CLAUSE
        for sensor in (lidar, depth)
        for name, text in _NAV2.items()
    }
    obstacles = {topics.obstacles_topic(sensor): _OBSTACLES for sensor in (lidar, depth)}
    return {**camera, **clouds, **layer, **_NODE, **obstacles}


def _kinds(names: Iterable[str]) -> str:
    return " ".join(code(name.replace("/msg/", "/")) for name in names)


if __name__ == "__main__":
    PAGE.write_text(page())

"""Write docs/reference/topics.md: names and types from the code. python -m tools.topics_page."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from seg_perception.config import CameraConfig, LidarConfig, RadarConfig
from seg_perception.config.input_topics import (
    CLOUD_TYPES,
    IMAGE_TYPES,
    RADAR_TYPES,
    TF,
    TF_STATIC,
    TF_TYPES,
    camera_info_topic,
)
from seg_perception.io.messages import (
    CameraInfo,
    CompressedImage,
    Image,
    LabelInfo,
    OccupancyGrid,
    PointCloud2,
    SegmentationStatus,
    SemanticLegend,
)
from seg_perception.io.semantic_fields import PROFILES
from seg_perception.outputs import topics
from tools.reference_page import REFERENCE, code, table

PAGE = REFERENCE / "topics.md"
# What each output of a camera is, by its name in CameraTopics.
CAMERA = {
    "label_image": (Image, "mono8 (mono16 above 255 classes); 255 (65535): not computed"),
    "label_image_png": (CompressedImage, "the same as PNG, where `output.png` is set"),
    "confidence": (Image, "mono8, 255 is certain"),
    "color": (Image, "rgb8, the classes' colours"),
    "overlay": (Image, "rgb8, the image under its labels"),
    "camera_info": (CameraInfo, "scaled to the label image"),
    "label_info": (LabelInfo, "class names, latched, where `vision_msgs` is installed"),
}
# What a node publishes besides.
NODE = {
    topics.LEGEND: (SemanticLegend, "latched: names, colours, groupings"),
    topics.LEGEND_IMAGE: (Image, "latched: the colours with their names, to look at"),
    topics.MAP: (PointCloud2, "[the voxel map](../how_to/mapping.md), where `map.enabled` is set"),
    topics.COSTMAP: (OccupancyGrid, "costs, -1 where unseen, where `costmap.grid` is set"),
    topics.STATUS: (SegmentationStatus, "rates, latencies, the account of every input"),
}
_OBSTACLES = "points that block the way, where `costmap.obstacles` is set"
_HEAD = """# Topics

Written by `python -m tools.topics_page` from the code. `seg-perception config check FILE` prints
the topics of a parameter file, `seg-perception platform policy FILE` all that its node may touch.

Names are those of a camera `front` with `image_topic: /camera/front/image_raw`, a lidar `top` with
`topic: /lidar/top/points` and a radar `front` with `topic: /radar/front/points`.

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
the driver gives a velocity. A name that the input already has becomes `semantic_<name>`.
Unknown is 255 (65535 above 255 classes; 8 with the ontology of Viking Hill). Hidden and
out-of-view points keep their place as unknown unless `output.drop_unlabelled` is set.
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


def example() -> tuple[CameraConfig, LidarConfig, RadarConfig]:
    """The sensors whose topics the page shows."""
    return (
        CameraConfig(image_topic="/camera/front/image_raw"),
        LidarConfig(topic="/lidar/top/points"),
        RadarConfig(topic="/radar/front/points"),
    )


def _read() -> list[list[str]]:
    camera, lidar, radar = example()
    return [
        [code(camera.image_topic), _kinds(IMAGE_TYPES), "`camera.<name>.image_topic`; jpeg or png"],
        [
            code(camera_info_topic(camera)),
            code(_short(CameraInfo.type_name)),
            "`camera.<name>.camera_info_topic`, by default beside the image",
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
    camera, lidar, radar = example()
    names = topics.CameraTopics.of(camera)
    rows = [
        [code(getattr(names, field.name)), *_described(CAMERA[field.name])]
        for field in fields(names)
    ]
    cloud = (PointCloud2, "the cloud with labels")
    rows += [[code(topics.cloud_topic(sensor)), *_described(cloud)] for sensor in (lidar, radar)]
    rows.append([code(topics.obstacles_topic(lidar)), *_described((PointCloud2, _OBSTACLES))])
    rows += [[code(topic), *_described(what)] for topic, what in NODE.items()]
    return [*rows, ["`/diagnostics`", "`diagnostic_msgs/DiagnosticArray`", "what is wrong"]]


def _described(what: tuple[type, str]) -> list[str]:
    kind, meaning = what
    return [code(_short(kind.type_name)), meaning]


def _kinds(names: tuple[str, ...]) -> str:
    return " ".join(code(_short(name)) for name in names)


def _short(type_name: str) -> str:
    return type_name.replace("/msg/", "/")


if __name__ == "__main__":
    PAGE.write_text(page())

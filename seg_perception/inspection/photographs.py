"""Which image topics show what a camera sees, and which hold something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seg_perception.config.input_topics import base_topic, beside
from seg_perception.inspection.facts import BagFacts, ImageFacts, TopicFacts

_DERIVED = {
    "label", "labels", "label_image", "semantic", "segmentation", "mask", "truth",
    "ground_truth", "gt", "confidence", "overlay", "debug", "costmap",
}  # fmt: skip
_DEPTHS = {"depth", "disparity", "aligned_depth_to_color"}
_DEPTH_ENCODINGS = ("32FC", "64FC", "16SC", "16UC1", "32SC")
# What lidars measure, as their drivers name it (ouster-ros, hesai, robosense).
_LIDAR_PICTURE = re.compile(
    r"(range|signal|reflec|reflectivity|near_?ir|ambient|intensity)(_image|_img)?(_raw)?\d*"
)
# Streams of RealSense and Orbbec.
_INFRARED = re.compile(r"(left_|right_)?(infra\d?|ir)")
_GREY = ("mono8", "mono16", "8UC1", "16UC1")
_PANORAMA = 4.0


def is_derived(topic: TopicFacts) -> bool:
    """Whether its images were made from others: labels, masks, overlays."""
    return topic.is_ours or bool(_words(topic) & _DERIVED)


def why_no_photograph(facts: BagFacts, topic: TopicFacts) -> str:
    """What its images hold in place of what a camera sees; empty where they are photographs."""
    if topic.image is None:
        return ""
    if holds_depths(topic):
        return f"depths ({topic.image.encoding})"
    if _is_infrared(facts, topic):
        return "what a depth camera that has colours sees in infrared"
    signs = list(_signs_of_a_lidar(facts, topic, topic.image))
    return f"what a lidar measures ({', '.join(signs)})" if signs else ""


def find_camera_info(facts: BagFacts, image_topic: str) -> str:
    """The camera_info topic that belongs to an image topic; empty where there is none.

    Beside the image, as image_transport puts it; below it, as in Viking Hill; else the
    only one of the bag with the image's frame.
    """
    base = base_topic(image_topic)
    infos = {info.name: info for info in facts.camera_infos}
    usual = beside(base, "camera_info")
    for candidate in (usual, f"{base}/camera_info", f"{image_topic}/camera_info"):
        if candidate in infos:
            return candidate
    frame = facts.topics[image_topic].frame_id
    same_frame = [name for name, info in infos.items() if frame and info.frame_id == frame]
    return same_frame[0] if len(same_frame) == 1 else ""


def holds_depths(topic: TopicFacts) -> bool:
    """Whether, by encoding or name, its images are distances or disparities."""
    if topic.image is None:
        return False
    encoding = topic.image.encoding.strip()
    named = _words(topic) & _DEPTHS or "depth" in topic.name.lower().rpartition("/")[2]
    return bool(named) or encoding.startswith(_DEPTH_ENCODINGS) or "compressedDepth" in encoding


def _is_infrared(facts: BagFacts, topic: TopicFacts) -> bool:
    """The grey picture of a device that has colours and depths; alone it is a camera's."""
    device, own = _device(topic.name)
    if not _INFRARED.fullmatch(own):
        return False
    others = [o for o in facts.images if _device(o.name)[0] == device and o is not topic]
    depths = [other for other in others if holds_depths(other)]
    photographs = [o for o in others if o not in depths and not is_derived(o)]
    coloured = [o for o in photographs if not _INFRARED.fullmatch(_device(o.name)[1])]
    return bool(depths and coloured)


def _device(topic: str) -> tuple[str, str]:
    """The namespace of a device, and what its stream is called there."""
    spaces = base_topic(topic).rpartition("/")[0]
    device, _, own = spaces.rpartition("/")
    return device, own.lower()


def _signs_of_a_lidar(facts: BagFacts, topic: TopicFacts, image: ImageFacts) -> Iterator[str]:
    """None for what has colours or a lens; a wide picture alone is a panorama's, too."""
    encoding = image.encoding.partition(";")[0].strip()
    is_grey = encoding in (*_GREY, "jpeg", "png") or "mono" in encoding
    if not is_grey or find_camera_info(facts, topic.name):
        return
    leaf = base_topic(topic.name).rpartition("/")[2]
    if _LIDAR_PICTURE.fullmatch(leaf):
        yield f"named {leaf}"
    if encoding not in _GREY and "mono" not in encoding:
        return
    for cloud in facts.clouds:
        if cloud.frame_id and cloud.frame_id == topic.frame_id:
            yield f"in frame {topic.frame_id} of {cloud.name}"
        elif _are_neighbours(cloud, topic) and image.width >= _PANORAMA * image.height:
            yield f"{image.width}x{image.height} beside {cloud.name}"


def _are_neighbours(cloud: TopicFacts, topic: TopicFacts) -> bool:
    return beside(cloud.name, "") == beside(base_topic(topic.name), "")


def _words(topic: TopicFacts) -> set[str]:
    return set(topic.name.lower().strip("/").split("/"))

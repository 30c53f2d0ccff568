"""Which depth images belong to which camera, and which clouds were made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seg_perception.config.input_topics import COMPRESSED_DEPTH, base_topic, beside
from seg_perception.core.errors import CalibrationError
from seg_perception.fusion.depth_registration import is_aligned
from seg_perception.geometry.camera import CameraModel
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.inspection.photographs import find_camera_info, holds_depths

# They are sent as depths are, and are none.
_NO_DEPTHS = ("disparity", "confidence", "cost", "mask", "/nn/")
_COLOURS = {"rgb", "rgba"}


def find_depth_topics(facts: BagFacts, cameras: Iterable[str]) -> dict[str, str]:
    """The depth topic of each of the image topics that has one; each belongs to one camera.

    That is one of the camera's own frame, aligned before not, else one of the same device: their
    topics share a namespace. Raw images are taken before compressed ones.
    """
    cameras = list(cameras)
    offers = sorted(
        (rank, depth.name, camera)
        for depth in _depth_topics(facts)
        for camera in cameras
        if (rank := _rank(facts, facts.topics[camera], depth)) is not None
    )
    found: dict[str, str] = {}
    for _, depth, camera in offers:
        if camera not in found and depth not in found.values():
            found[camera] = depth
    return found


def find_depth_info(facts: BagFacts, topic: str) -> str:
    """The camera_info of a depth topic: beside it, below it, or the only one of its frame."""
    return find_camera_info(facts, topic.removesuffix(COMPRESSED_DEPTH))


def is_made_of_depths(cloud: TopicFacts, facts: BagFacts, depths: Mapping[str, str]) -> bool:
    """Whether a cloud repeats depth images that are taken: it is coloured, and of their device.

    Args:
        cloud: the topic.
        facts: of the bag.
        depths: depth topics by image topic.
    """
    found = cloud.cloud
    if found is None:
        return False
    has_colours = bool(_COLOURS & set(found.fields))
    for camera, depth in depths.items():
        frames = {facts.topics[camera].frame_id, facts.topics[depth].frame_id}
        is_of_device = _shared(cloud.name, camera) >= max(1, _shared(camera, depth))
        if (has_colours and is_of_device) or (found.organised and cloud.frame_id in frames):
            return True
    return False


def lens_of(facts: BagFacts, info_topic: str, *, rectified: bool = False) -> CameraModel | None:
    """The lens of a camera_info topic; None where there is none that can be used."""
    topic = facts.topics.get(info_topic)
    if topic is None or topic.camera_info is None or topic.camera_info.calibration is None:
        return None
    try:
        return CameraModel.from_calibration(topic.camera_info.calibration, rectified=rectified)
    except CalibrationError:
        return None


def _depth_topics(facts: BagFacts) -> list[TopicFacts]:
    return [
        topic
        for topic in facts.images
        if holds_depths(topic)
        and not topic.is_ours
        and topic.depth is not None
        and not topic.depth.problem
        and topic.depth.measured
        and not any(word in topic.name.lower() for word in _NO_DEPTHS)
    ]


def _rank(facts: BagFacts, camera: TopicFacts, depth: TopicFacts) -> tuple[int, ...] | None:
    """Smaller is better; None where they do not belong together."""
    compressed = int(depth.name.endswith(COMPRESSED_DEPTH))
    shared = _shared(camera.name, depth.name)
    if depth.frame_id and depth.frame_id == camera.frame_id:
        return 0, int(not _is_aligned(facts, camera, depth)), -shared, compressed
    return (1, 0, -shared, compressed) if shared else None


def _is_aligned(facts: BagFacts, camera: TopicFacts, depth: TopicFacts) -> bool:
    lens = lens_of(facts, find_camera_info(facts, camera.name))
    if lens is None or depth.depth is None:
        return False
    own = lens_of(facts, find_depth_info(facts, depth.name))
    return is_aligned((depth.depth.width, depth.depth.height), own, lens)


def _shared(topic: str, other: str) -> int:
    """How many names of their namespaces two topics share from the first on."""
    spaces = (beside(base_topic(name), "").strip("/").split("/") for name in (topic, other))
    count = 0
    for one, another in zip(*spaces, strict=False):
        if one != another or not one:
            break
        count += 1
    return count

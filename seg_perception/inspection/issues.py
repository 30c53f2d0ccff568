"""What is amiss in a bag for a configuration, before anything of it is labelled."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.config import Config
from seg_perception.config.depth import parameter_of
from seg_perception.config.input_topics import TF, camera_info_topic
from seg_perception.config.unread_clouds import converter
from seg_perception.core.errors import UnknownEncodingError
from seg_perception.core.issue_kinds.clocks import CLOCKS_APART
from seg_perception.core.issue_kinds.inputs import (
    BAG_DAMAGED,
    EMPTY_BAG,
    NO_CAMERA,
    NO_CLOUD,
    NO_PHOTOGRAPH,
    UNREADABLE,
)
from seg_perception.core.issue_kinds.lenses import BAD_CAMERA_INFO, NO_CAMERA_INFO, SIZE_MISMATCH
from seg_perception.core.issue_kinds.places import AT_REST, TAKEN_AS_BODY_FRAME
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS, Calibration
from seg_perception.geometry.calibration import published_size, why_sizes_differ
from seg_perception.inspection.cloud_issues import cloud_issues
from seg_perception.inspection.depth_issues import depth_issues
from seg_perception.inspection.facts import BagFacts, ImageFacts
from seg_perception.inspection.frame_issues import (
    frame_issues,
    is_unstamped,
    read_sensors,
    stamp_issues,
)
from seg_perception.inspection.photographs import is_derived, why_no_photograph
from seg_perception.pipeline.camera_correction import say_correction
from seg_perception.pipeline.camera_images import CameraImages
from seg_perception.pipeline.camera_lens import CameraLens
from seg_perception.pipeline.stereo_baseline import StereoBaselines

_MOST_OFFSET_S = 10.0


def find_issues(facts: BagFacts, config: Config) -> list[Issue]:
    """Everything that keeps the bag, or a part of it, from being labelled."""
    return [
        *(Issue.of(BAG_DAMAGED, "", error=text) for text in facts.warnings),
        *facts.issues,
        *_sensors(facts, config),
        *_no_photographs(facts, config),
        *(issue for name in config.cameras for issue in _camera(facts, config, name)),
        *cloud_issues(facts, config),
        *depth_issues(facts, config),
        *frame_issues(facts, config),
        *_motion(facts, config),
        *stamp_issues(facts, config),
        *_clocks(facts, config),
    ]


def _sensors(facts: BagFacts, config: Config) -> Iterator[Issue]:
    if not facts.message_count:
        yield Issue.of(EMPTY_BAG, "")
    elif not config.cameras:
        types = sorted({topic.type for topic in facts.topics.values()})
        left_out = [topic.name for topic in facts.images if not topic.is_ours]
        others = f"; {', '.join(left_out)} hold no photographs" if left_out else ""
        yield Issue.of(NO_CAMERA, "", types=types, others=others, remedy=_instead(facts))
    elif not config.cloud_sensors:
        yield Issue.of(NO_CLOUD, "")


def _instead(facts: BagFacts) -> str:
    """What to do about a bag without photographs, by what else it holds."""
    topics = [topic for topic in facts.topics.values() if topic.count]
    converters = list(dict.fromkeys(filter(None, (converter(topic.type) for topic in topics))))
    if converters:
        return f"{' and '.join(converters)} first; labels come from the images of a camera beside"
    if any(topic.is_ours for topic in topics):
        return (
            "its labels came out of seg_perception: take the bag that they were made from, or make "
            "them anew by `replay --with-inputs`"
        )
    return "record the Image or CompressedImage topic of a camera"


def _no_photographs(facts: BagFacts, config: Config) -> Iterator[Issue]:
    """Image topics that are no camera's, unless the configuration takes them for one's."""
    taken = {camera.image_topic for camera in config.cameras.values()}
    taken |= {depth.topic for depth in config.depths.values()}
    for topic in facts.images:
        if topic.name in taken or is_derived(topic):
            continue
        if holds := why_no_photograph(facts, topic):
            yield Issue.of(NO_PHOTOGRAPH, topic.name, holds=holds)


def _camera(facts: BagFacts, config: Config, name: str) -> Iterator[Issue]:
    camera, where = config.cameras[name], stream("camera", name)
    topic = facts.topics[camera.image_topic]
    if topic.image is None or topic.image.problem:
        problem = topic.image.problem if topic.image else f"{topic.name} carries no images"
        yield Issue.of(UNREADABLE, where, problem=problem)
        return
    issues = IssueLog()
    images = CameraImages(config.cameras, issues)
    try:
        images.refuse_depths(name, topic.image.encoding, topic.frame_id)
    except UnknownEncodingError as error:
        yield Issue.of(UNREADABLE, where, problem=error)
        return
    if topic.image.largest:
        images.bits(name, topic.image.largest)
    yield from issues.all()
    if config.cloud_sensors:
        yield from _camera_info(facts, config, name)
    issues = IssueLog()
    say_correction(name, camera, issues)
    yield from issues.all()
    if camera.frame_convention == "body":
        yield Issue.of(TAKEN_AS_BODY_FRAME, where, frame=topic.frame_id, camera=name)


def _camera_info(facts: BagFacts, config: Config, name: str) -> Iterator[Issue]:
    camera = config.cameras[name]
    topic = facts.topics[camera.image_topic]
    issues = IssueLog()
    lens = CameraLens(name, camera, issues)
    if not lens.is_from_file:
        where, topic_name = stream("camera", name), camera_info_topic(camera)
        found = facts.topics.get(topic_name)
        if found is None or found.camera_info is None:
            others = _listed([other.name for other in facts.camera_infos])
            yield Issue.of(NO_CAMERA_INFO, where, topic=topic_name, camera=name, others=others)
        elif found.camera_info.calibration is None:
            yield Issue.of(BAD_CAMERA_INFO, where, error=found.camera_info.problem, camera=name)
        else:
            lens.take(found.camera_info.calibration)
    yield from (issue for issue in issues.all() if issue.is_state)
    if lens.calibration is not None and topic.image is not None:
        yield from _baseline(facts, config, name, lens.calibration)
        yield from _size(name, lens.calibration, topic.image)


def _baseline(
    facts: BagFacts, config: Config, name: str, calibration: Calibration
) -> Iterator[Issue]:
    issues = IssueLog()
    baselines = StereoBaselines(config.cameras, facts.tree, issues)
    for other, camera in config.cameras.items():
        baselines.observe(other, facts.topics[camera.image_topic].frame_id)
    stamp_ns = facts.topics[config.cameras[name].image_topic].stamp_ns
    baselines.resolve(name, calibration, stamp_ns)
    yield from issues.all()


def _size(name: str, calibration: Calibration, image: ImageFacts) -> Iterator[Issue]:
    expected, got = published_size(calibration), (image.width, image.height)
    if got != expected:
        yield Issue.of(
            SIZE_MISMATCH,
            stream("camera", name),
            got=f"{got[0]}x{got[1]}",
            expected=f"{expected[0]}x{expected[1]}",
            cause=why_sizes_differ(calibration, *got),
            camera=name,
        )


def _listed(topics: list[str]) -> str:
    return f" (the bag has {', '.join(topics)})" if topics else ""


_INSTEAD = "; of this bag, a lidar tells the motion: add --odometry kiss-icp to replay it"


def _motion(facts: BagFacts, config: Config) -> Iterator[Issue]:
    if not config.cloud_sensors:
        return
    if not config.transforms.fixed_frame:
        timed = any(not edge.static for edge in facts.edges)
        why = "the bag has no /tf"
        if timed:
            why = "/tf does not connect the sensors to a fixed frame"
        elif TF in facts.topics:
            why = "/tf holds no transform that can be used"
        yield Issue.of(AT_REST, "", why=why, instead=_INSTEAD if config.lidars else "")


def _clocks(facts: BagFacts, config: Config) -> Iterator[Issue]:
    """Compare how late each sensor is recorded with the first camera."""
    if not config.cameras:
        return
    first = next(iter(config.cameras))
    sensors = {n: t for n, t in read_sensors(facts, config).items() if not is_unstamped(t)}
    reference = sensors.get(stream("camera", first))
    offsets_s = _offsets_s(config)
    clouds = {n: topic for n, topic in sensors.items() if not n.startswith("camera.")}
    if reference is None:
        return
    for where, topic in clouds.items():
        own_s = offsets_s[where]
        apart_s = (topic.delay_ns - reference.delay_ns) / NANOSECONDS
        apart_s -= own_s - offsets_s[stream("camera", first)]
        if abs(apart_s) <= config.synchronizer.max_gap_s:
            continue
        remedy = (
            f"set {parameter_of(where, 'time_offset_s')}={own_s + apart_s:.3f}"
            if abs(apart_s) <= _MOST_OFFSET_S
            else "synchronise the sensors' clocks (PTP) and record again"
        )
        yield Issue.of(CLOCKS_APART, where, apart_s=-apart_s, camera=first, remedy=remedy)


def _offsets_s(config: Config) -> dict[str, float]:
    """By stream, what is added to the stamps already."""
    return {
        stream(kind, name): sensor.time_offset_s
        for kind, sensors in config.sensors_by_kind
        for name, sensor in sensors.items()
    }

"""Why inputs come to nothing: what the counts of messages and points say, as issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from seg_perception.config import Config
from seg_perception.config.depth import parameter_of
from seg_perception.core.drop_reasons import RATE_LIMITED, SUPERSEDED
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.clocks import (
    NO_LABEL_MAP,
    NO_LABEL_MAP_FAR,
    NO_LABEL_MAP_LOAD,
    NO_LABEL_MAP_RATE,
    NO_LABEL_MAP_UNSTAMPED,
)
from seg_perception.core.issue_kinds.clouds import MILLIMETRES
from seg_perception.core.issue_kinds.inputs import (
    EMPTY_CLOUDS,
    NO_FINITE_POINT,
    NO_MESSAGE,
    NO_RESULT,
)
from seg_perception.core.issue_kinds.places import LATE_TRANSFORM, NO_TRANSFORM, OUT_OF_VIEW
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import StreamCount, stream
from seg_perception.core.types import NANOSECONDS, PointStatus
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_diagnosis import (
    find_empty_frames,
    find_lone_transforms,
    sensor_frames,
    wrongly_named,
)
from seg_perception.pipeline.transform_reader import TransformReader

# Less of a cloud than this before a camera is seldom meant.
_LEAST_SHARE_IN_VIEW = 0.01
# A few lie between images where a stream begins or ends.
_LEAST_SHARE_BETWEEN_IMAGES = 0.05
# No offset of a sensor is that large, and no gap should be bridged by one.
_FAR_APART_S = 10.0
_FIXED = "transforms.fixed_frame"
_SEEN = (
    PointStatus.LABELLED,
    PointStatus.OCCLUDED,
    PointStatus.UNCERTAIN,
    PointStatus.CONTRADICTED,
)


@dataclass(frozen=True)
class Evidence:
    """What is known at the end of a run, or of some time.

    Attributes:
        counts: messages by stream.
        points: points by sensor and status.
        frames, stamps: last frame_id and stamp (ns) of each stream.
        transforms: as they were at the end, with what was seen of them.
        in_millimetres: streams whose coordinates seem to be in another unit than metres.
    """

    counts: Mapping[str, StreamCount]
    points: Mapping[str, Mapping[PointStatus, int]]
    frames: Mapping[str, str]
    stamps: Mapping[str, int]
    transforms: TransformReader
    in_millimetres: frozenset[str] = frozenset()


def streams_in_millimetres(issues: Iterable[Issue]) -> frozenset[str]:
    """Streams of which that is said."""
    return frozenset(issue.stream for issue in issues if issue.code == MILLIMETRES.code)


def of_enabled(config: Config, issues: Iterable[Issue]) -> list[Issue]:
    """Issues without those of sensors that are switched off: nobody waits for them."""
    off = {
        stream(kind, name)
        for kind, sensors in config.sensors_by_kind
        for name, sensor in sensors.items()
        if not sensor.enabled
    }
    return [issue for issue in issues if issue.stream not in off]


def diagnose(config: Config, evidence: Evidence) -> list[Issue]:
    """Inputs without any result, and why; empty when all is well."""
    return [
        *_silent_streams(evidence),
        *find_empty_frames(config, evidence.frames),
        *_clouds(config, evidence),
    ]


def _silent_streams(evidence: Evidence) -> Iterator[Issue]:
    for name, count in evidence.counts.items():
        if count.published:
            continue
        if count.received == 0:
            yield Issue.of(NO_MESSAGE, name)
        else:
            reasons = ", ".join(f"{n} {reason}" for reason, n in count.dropped.items())
            yield Issue.of(NO_RESULT, name, received=count.received, reasons=reasons)


def _clouds(config: Config, evidence: Evidence) -> Iterator[Issue]:
    for kind, sensors in config.clouds_by_kind:
        for sensor in sensors:
            counts = evidence.points.get(sensor)
            if counts is not None:
                yield from _cloud(stream(kind, sensor), counts, config, evidence)


def _cloud(
    name: str, counts: Mapping[PointStatus, int], config: Config, evidence: Evidence
) -> Iterator[Issue]:
    total = sum(counts.values())
    valid = total - counts[PointStatus.INVALID]
    if total == 0 and not evidence.counts[name].published:
        return  # nothing came: that is said of the stream
    if total == 0:
        yield Issue.of(EMPTY_CLOUDS, name, clouds="every cloud")
    elif name in evidence.in_millimetres:
        return  # that says why points are too far, or before no camera
    elif valid == 0:
        yield Issue.of(NO_FINITE_POINT, name, clouds="every cloud")
    elif counts[PointStatus.NO_TRANSFORM] > valid / 2:
        yield from _transform_problem(name, config, evidence)
    elif limited := _rate_problem(name, counts[PointStatus.NO_LABEL_MAP] / valid, config, evidence):
        yield limited
    elif counts[PointStatus.NO_LABEL_MAP] > valid / 2:
        yield from _gap_problem(name, config, evidence)
    elif counts[PointStatus.NO_CALIBRATION] + counts[PointStatus.NO_CONVENTION] > valid / 2:
        return  # said of the camera
    elif (share := _in_view(counts) / valid) < _LEAST_SHARE_IN_VIEW:
        yield Issue.of(OUT_OF_VIEW, name, share=share)


def _in_view(counts: Mapping[PointStatus, int]) -> int:
    return sum(counts[status] for status in _SEEN)


def _transform_problem(name: str, config: Config, evidence: Evidence) -> list[Issue]:
    """Why points have no place; empty where that is said already, of a frame without a name."""
    stamp_ns = evidence.stamps.get(name, 0)
    reader = evidence.transforms
    alone = find_lone_transforms(config, evidence.frames, reader.tree, reader.parents, stamp_ns)
    if found := list(alone):
        return found
    frames = sensor_frames(config, evidence.frames)
    cameras = {
        c: frames[stream("camera", c)] for c in config.cameras if stream("camera", c) in frames
    }
    if not (own := frames.get(name)) or not all(cameras.values()):
        return []
    places = {f"camera.{camera}.frame_id": frame for camera, frame in cameras.items()}
    if cameras and (fixed := config.transforms.fixed_frame):
        places[_FIXED] = fixed
    for parameter, frame in places.items():
        if refusal := _refusal(frame, own, stamp_ns, reader.tree):
            named = {parameter: frame, parameter_of(name, "frame_id"): own}
            return [Issue.of(NO_TRANSFORM, name, error=refusal, remedy=_remedy(named, reader))]
    return [Issue.of(LATE_TRANSFORM, name)]


def _refusal(target: str, source: str, stamp_ns: int, tree: TransformTree) -> TransformError | None:
    """Ask the tree again for the words in which it refuses."""
    try:
        tree.lookup(target, source, stamp_ns)
    except TransformError as error:
        return error
    return None


def _remedy(named: Mapping[str, str], transforms: TransformReader) -> str:
    """What mends a transform that is missing, before the transform itself is published."""
    if rivals := transforms.parents.rivals:
        return f"end one of the publishers of two parents ({', '.join(sorted(rivals))}), or "
    # The sensors have a place there: the frame that is fixed may be another one.
    return (
        f"set {_FIXED}, or " if _FIXED in named else wrongly_named(transforms.tree.frames(), named)
    )


def _rate_problem(name: str, share: float, config: Config, evidence: Evidence) -> Issue | None:
    """Cameras that drop so many images by their rate limit that clouds lie between the rest."""
    gap_s = 2 * config.synchronizer.max_gap_s
    limited = {
        f"{stream('camera', camera)}.max_rate_hz": 1 / chosen.max_rate_hz
        for camera, chosen in config.cameras.items()
        if RATE_LIMITED in evidence.counts[stream("camera", camera)].dropped
        and 0 < chosen.max_rate_hz * gap_s < 1
    }
    if not limited or share < _LEAST_SHARE_BETWEEN_IMAGES:
        return None
    return Issue.of(
        NO_LABEL_MAP_RATE,
        name,
        share=share,
        max_gap_s=config.synchronizer.max_gap_s,
        limits=" and ".join(limited),
        period_s=max(limited.values()),
        least_hz=1 / gap_s,
        parameter=parameter_of(name, "max_rate_hz"),
    )


def _gap_problem(name: str, config: Config, evidence: Evidence) -> Iterator[Issue]:
    """Nothing where no camera gave labels, or some did not and others fit: said of the cameras."""
    wanted = [stream("camera", c) for c, camera in config.cameras.items() if camera.enabled]
    silent = [camera for camera in wanted if not evidence.counts[camera].published]
    if len(silent) == len(wanted):
        return
    stamps = {n: evidence.stamps[n] for n in _stamped(name, config) if n in evidence.stamps}
    if unset := sorted(other for other, stamp_ns in stamps.items() if stamp_ns == 0):
        yield Issue.of(NO_LABEL_MAP_UNSTAMPED, name, streams=" and ".join(unset))
        return
    stamp_ns = stamps.pop(name, 0)
    gaps_s = [(of_camera_ns - stamp_ns) / NANOSECONDS for of_camera_ns in stamps.values()]
    if gaps_s and abs(apart_s := min(gaps_s, key=abs)) > _FAR_APART_S:
        yield Issue.of(NO_LABEL_MAP_FAR, name, apart_s=apart_s)
        return
    max_gap_s = config.synchronizer.max_gap_s
    one_clock = bool(gaps_s) and abs(min(gaps_s, key=abs)) <= 2 * max_gap_s
    if one_clock and (overloaded := _load_problem(name, wanted, config, evidence)):
        yield overloaded
        return
    if silent and gaps_s and abs(min(gaps_s, key=abs)) <= max_gap_s:
        return
    apart = f"; the last stamps are {min(gaps_s, key=abs):+.3f} s apart" if gaps_s else ""
    yield Issue.of(NO_LABEL_MAP, name, max_gap_s=max_gap_s, apart=apart)


def _load_problem(
    name: str, cameras: Iterable[str], config: Config, evidence: Evidence
) -> Issue | None:
    """The camera of which the engine labels the smallest share, where that is less than half."""
    counts = {camera: evidence.counts[camera] for camera in cameras}
    lost = {c: n.dropped.get(SUPERSEDED, 0) for c, n in counts.items() if n.published}
    slow = {c: n / counts[c].received for c, n in lost.items() if 2 * n > counts[c].received}
    if not slow:
        return None
    camera = max(slow, key=slow.__getitem__)
    return Issue.of(
        NO_LABEL_MAP_LOAD,
        name,
        max_gap_s=config.synchronizer.max_gap_s,
        camera=camera,
        lost=lost[camera],
        received=counts[camera].received,
    )


def _stamped(name: str, config: Config) -> list[str]:
    """A sensor's stream and those that it is paired with."""
    return [name, *(stream("camera", camera) for camera in config.cameras)]

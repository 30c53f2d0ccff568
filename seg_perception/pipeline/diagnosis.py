"""Why inputs came to nothing: one sentence each, with its mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seg_perception.config import Config
from seg_perception.config.input_topics import camera_info_topic
from seg_perception.core.errors import TransformError
from seg_perception.core.message_accounting import StreamCount, stream
from seg_perception.core.types import NANOSECONDS, PointStatus
from seg_perception.geometry.transforms import TransformTree

# Less of a cloud than this before a camera is seldom meant.
_LEAST_SHARE_IN_VIEW = 0.01
_SEEN = (PointStatus.LABELLED, PointStatus.OCCLUDED, PointStatus.UNCERTAIN)


@dataclass(frozen=True)
class Evidence:
    """What is known at the end of a run.

    Attributes:
        counts: messages by stream.
        points: points by sensor and status.
        frames, stamps: last frame_id and stamp (ns) of each stream.
        without_lens: cameras whose camera_info never came, or was refused.
        refused_lenses: why a camera_info that came can't place points, by camera.
        open_conventions: why it is not known which axes a camera's frame has, by camera.
        time_problems: what is wrong with the times of the points, by sensor.
        doppler_problems: why the Doppler can't be right, by radar.
        transforms: as they were at the end.
    """

    counts: Mapping[str, StreamCount]
    points: Mapping[str, Mapping[PointStatus, int]]
    frames: Mapping[str, str]
    stamps: Mapping[str, int]
    without_lens: frozenset[str]
    refused_lenses: Mapping[str, str]
    open_conventions: Mapping[str, str]
    time_problems: Mapping[str, str]
    doppler_problems: Mapping[str, str]
    transforms: TransformTree


def diagnose(config: Config, evidence: Evidence) -> list[str]:
    """Sentences about inputs without any result; empty when all is well."""
    return [*_silent_streams(evidence), *_lenses(config, evidence), *_clouds(config, evidence)]


def _silent_streams(evidence: Evidence) -> Iterator[str]:
    for name, count in evidence.counts.items():
        if count.published:
            continue
        if count.received == 0:
            yield f"{name}: no message came; check the topic's name and its publisher"
        else:
            reasons = ", ".join(f"{n} {reason}" for reason, n in count.dropped.items())
            yield f"{name}: none of {count.received} messages gave a result ({reasons})"


def _lenses(config: Config, evidence: Evidence) -> Iterator[str]:
    if not config.lidars and not config.radars:
        return
    for name in sorted(evidence.without_lens):
        topic = camera_info_topic(config.cameras[name])
        yield (
            f"camera.{name}: no usable camera_info on {topic}, so points can't be labelled; "
            f"calibrate, or set camera.{name}.camera_info_topic"
        )
    for name, problem in sorted(evidence.refused_lenses.items()):
        yield f"camera.{name}: points can't be labelled: {problem}"
    for name, problem in sorted(evidence.open_conventions.items()):
        yield f"camera.{name}: {problem}"


def _clouds(config: Config, evidence: Evidence) -> Iterator[str]:
    for kind, sensors in (("lidar", config.lidars), ("radar", config.radars)):
        for sensor in sensors:
            tally = evidence.points.get(sensor)
            name = stream(kind, sensor)
            for problems in (evidence.time_problems, evidence.doppler_problems):
                if sensor in problems:
                    yield f"{name}: {problems[sensor]}"
            if tally is not None:
                yield from (f"{name}: {text}" for text in _cloud(name, tally, config, evidence))


def _cloud(
    name: str, tally: Mapping[PointStatus, int], config: Config, evidence: Evidence
) -> Iterator[str]:
    total = sum(tally.values())
    valid = total - tally[PointStatus.INVALID]
    if total == 0:
        yield "every cloud has 0 points; check the driver"
    elif valid == 0:
        yield "no point has finite coordinates within min_range_m and max_range_m; check the driver"
    elif tally[PointStatus.NO_TRANSFORM] > valid / 2:
        yield _transform_problem(name, config, evidence)
    elif tally[PointStatus.NO_LABEL_MAP] > valid / 2:
        yield from _gap_problem(name, config, evidence)
    elif tally[PointStatus.NO_CALIBRATION] + tally[PointStatus.NO_CONVENTION] > valid / 2:
        return  # said of the camera
    elif (share := _in_view(tally) / valid) < _LEAST_SHARE_IN_VIEW:
        yield (
            f"{share:.1%} of the points lie before a camera; probably a body frame where an "
            "optical one was expected: set camera.NAME.frame_convention to auto, or check the tf"
        )


def _in_view(tally: Mapping[PointStatus, int]) -> int:
    return sum(tally[status] for status in _SEEN)


def _transform_problem(name: str, config: Config, evidence: Evidence) -> str:
    """Ask the tree again for the words in which it refuses."""
    source, stamp_ns = evidence.frames.get(name, ""), evidence.stamps.get(name, 0)
    fixed = config.transforms.fixed_frame
    for camera_name, camera in config.cameras.items():
        target = camera.frame_id or evidence.frames.get(stream("camera", camera_name), "")
        try:
            evidence.transforms.lookup(target, source, stamp_ns)
            if fixed:
                evidence.transforms.lookup(fixed, source, stamp_ns)
        except TransformError as error:
            mend = "set transforms.fixed_frame, or"
            if not fixed or repr(fixed) not in str(error):
                mend = f"set {name}.frame_id, or"
            return f"no transform for its points: {error}; {mend} publish the missing transform"
    return (
        "no transform at its stamps: /tf came later than synchronizer.max_wait_s, or with gaps; "
        "raise synchronizer.max_wait_s or transforms.max_interpolation_s"
    )


def _gap_problem(name: str, config: Config, evidence: Evidence) -> Iterator[str]:
    """Nothing where no camera gave labels: that is said of the cameras."""
    if not any(evidence.counts[stream("camera", c)].published for c in config.cameras):
        return
    stamp_ns = evidence.stamps.get(name, 0)
    gaps_s = [
        (evidence.stamps[camera] - stamp_ns) / NANOSECONDS
        for camera in (stream("camera", c) for c in config.cameras)
        if camera in evidence.stamps
    ]
    apart = f"; the last stamps are {min(gaps_s, key=abs):+.3f} s apart" if gaps_s else ""
    yield (
        f"no label map within synchronizer.max_gap_s ({config.synchronizer.max_gap_s} s){apart}; "
        "set time_offset_s of one sensor, or raise max_gap_s"
    )

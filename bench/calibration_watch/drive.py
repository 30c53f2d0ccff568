"""One drive under watch: what is said of its camera, and when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.calibration_watch.drives import Glimpse
from seg_perception.alignment.rotation_search import turn
from seg_perception.config import Config
from seg_perception.core.background_work import WorkAtOnce
from seg_perception.core.issue_kinds.calibration import (
    CALIBRATION_FOLLOWED,
    CALIBRATION_MOVED,
    LENS_UNFIT,
)
from seg_perception.core.message_accounting import stream
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS, Calibration, CameraFrame, LabelMap, PointCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.perception import Perception

CAMERAS, LIDAR = ("front", "left", "right"), "top"
_SAID = {CALIBRATION_MOVED.code, CALIBRATION_FOLLOWED.code, LENS_UNFIT.code}


@dataclass(frozen=True, eq=False)
class Rig:
    """How camera and lidar are mounted.

    Attributes:
        calibration, rectified: of every camera.
        T_base_cameras: float64 (C, 4, 4), of the first C of `CAMERAS`.
        T_base_lidar: float64 (4, 4).
        fixed_frame: empty where nothing says how the robot moves.
    """

    calibration: Calibration
    rectified: bool
    T_base_cameras: NDArray[np.float64]
    T_base_lidar: NDArray[np.float64]
    fixed_frame: str

    @property
    def cameras(self) -> tuple[str, ...]:
        """Their names."""
        return CAMERAS[: len(self.T_base_cameras)]


@dataclass(frozen=True, eq=False)
class Knock:
    """The first camera is turned in mid-drive, and tf keeps its word; or all get another lens.

    Attributes:
        after_s: since the first glimpse.
        turn_deg: float64 (3,), about the optical axes.
        focal: from then on, all cameras' camera_info has so many times the focal length.
    """

    after_s: float
    turn_deg: NDArray[np.float64]
    focal: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What was said.

    Attributes:
        seconds: length of the drive.
        said: sentences, each with the second in which it was said.
        early: how many of them before the camera was knocked, or of a camera that was not.
        named_s: from the knock to the first word of that camera; None: nothing was said.
        moments, searches: of the watch, all cameras.
        cpu_s: processor time of all that the watch did, and of the longest step.
        unknown: share of the glimpses, camera by camera, after which it could not tell.
    """

    seconds: float
    said: tuple[tuple[float, str], ...]
    early: int
    named_s: float | None
    moments: int
    searches: int
    cpu_s: tuple[float, float]
    unknown: float


def drive(
    glimpses: Iterable[Glimpse],
    mounted: Rig,
    knock: Knock | None = None,
    *,
    every_s: float,
    follow: bool = False,
) -> Outcome:
    """Feed a drive to the object that stands behind node and replay.

    A knock is planted in tf, from which the camera differs then as if it were turned itself.
    """
    work = _Timed()
    with_focal = mounted if knock is None else _with_focal(mounted, knock.focal)
    tree = TransformTree()
    core = Perception(_config(mounted, every_s, follow=follow), Ontology.load("field"), tree)
    core.watch_calibration(work)
    _mount(tree, mounted, np.zeros(3))
    said: dict[tuple[str, str], float] = {}
    at_s, start_ns, unknown, count = 0.0, 0, 0, 0
    for glimpse in glimpses:
        start_ns = start_ns or glimpse.scan_ns
        at_s = (glimpse.scan_ns - start_ns) / NANOSECONDS
        if knock is not None and at_s >= knock.after_s:
            _mount(tree, mounted, knock.turn_deg)
            mounted = with_focal if knock.focal != 1 else mounted
        _feed(core, tree, glimpse, mounted)
        for issue in core.issues.all():
            if issue.code in _SAID:
                said.setdefault((issue.stream, issue.sentence), at_s)
        states = core.calibration.states.values()
        count += len(states)
        unknown += sum(state.answer == "unknown" for state in states)
    knocked_s = knock.after_s if knock else np.inf
    first = stream("camera", CAMERAS[0])
    late = [at for (who, _), at in said.items() if at >= knocked_s and who == first]
    return Outcome(
        seconds=at_s,
        said=tuple((at, sentence) for (_, sentence), at in said.items()),
        early=len(said) - len(late),
        named_s=min(late) - knocked_s if late else None,
        moments=sum(state.moments for state in core.calibration.states.values()),
        searches=sum(state.searches for state in core.calibration.states.values()),
        cpu_s=(work.total_s, work.longest_s),
        unknown=unknown / max(count, 1),
    )


class _Timed(WorkAtOnce):
    """Takes the processor time of every step."""

    def __init__(self) -> None:
        self.total_s = self.longest_s = 0.0

    def order(self, step: Callable[[], None]) -> None:
        begun_s = time.process_time()
        step()
        took_s = time.process_time() - begun_s
        self.total_s += took_s
        self.longest_s = max(self.longest_s, took_s)


def _config(mounted: Rig, every_s: float, *, follow: bool) -> Config:
    cameras = mounted.cameras
    parameters = {
        "cameras": list(cameras),
        "transforms.fixed_frame": mounted.fixed_frame,
        "lidars": [LIDAR],
        f"lidar.{LIDAR}.topic": "/points",
        # Less than the glimpses are apart, so that none is left out.
        "calibration.interval_s": every_s / (1 + len(cameras)),
        "calibration.follow": follow,
    }
    for camera in cameras:
        parameters[f"camera.{camera}.image_topic"] = f"/{camera}/image"
        parameters[f"camera.{camera}.rectified"] = mounted.rectified
    return Config.from_parameters(parameters)


def _mount(tree: TransformTree, mounted: Rig, turn_deg: NDArray[np.float64]) -> None:
    turns = [turn(turn_deg), *(np.eye(4) for _ in mounted.cameras[1:])]
    for camera, T, C in zip(mounted.cameras, mounted.T_base_cameras, turns, strict=True):
        tree.set_static("base_link", camera, T @ C)
    tree.set_static("base_link", "lidar", mounted.T_base_lidar)


def _with_focal(mounted: Rig, focal: float) -> Rig:
    """The rig with a camera_info of so many times the focal length."""
    lens = mounted.calibration
    k, p = lens.k.copy(), lens.p.copy()
    for matrix in (k, p):
        matrix[[0, 1], [0, 1]] *= focal
    return replace(mounted, calibration=replace(lens, k=k, p=p))


def _feed(core: Perception, tree: TransformTree, glimpse: Glimpse, mounted: Rig) -> None:
    for stamp_ns, T in zip(glimpse.pose_ns.tolist(), glimpse.poses, strict=True):
        tree.set_timed("odom", "base_link", stamp_ns, T)
    lens = mounted.calibration
    for camera, image in zip(mounted.cameras, glimpse.images, strict=True):
        frame = CameraFrame(camera, image, glimpse.image_ns, camera, lens)
        labels = np.zeros(image.shape[:2], np.uint8)
        label_map = LabelMap(camera, labels, labels, glimpse.image_ns, camera, lens)
        core.take_segmented(label_map, core.generation, frame)
    cloud = PointCloud(glimpse.points, glimpse.scan_ns, "lidar", is_dense=True)
    handle = core.accounting.receive(stream("lidar", LIDAR))
    core.add_cloud(LIDAR, cloud, handle, glimpse.scan_ns)
    for labelled in core.collect(glimpse.scan_ns + NANOSECONDS):
        labelled.handle.publish()

"""When a sweep was measured, and how its points lie before a camera at the image's time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config, LidarConfig, RadarConfig
from seg_perception.conventions import Conventions, Mounting
from seg_perception.errors import TransformError
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.deskew import deskew
from seg_perception.geometry.point_times import PointTimes, point_times
from seg_perception.geometry.quaternion import rotation_angle
from seg_perception.geometry.rolling_shutter import RollingShutter
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pairing import Sweep
from seg_perception.types import NANOSECONDS, LabelMap, PointCloud

_SPEED_NS = NANOSECONDS // 20
# Share of the read-out that is over when an image is stamped.
_BEFORE_STAMP = {"first": 0.0, "middle": 0.5, "last": 1.0}


class Motion:
    """Corrected times, and transforms between a sweep and an image.

    With an empty `fixed_frame` the robot is taken as at rest: nothing is compensated.

    Attributes:
        time_problems: by sensor, what was wrong with the times of a cloud's points, the last time.
        conventions: which axes the cameras' frames have.
    """

    def __init__(
        self, config: Config, transforms: TransformTree, conventions: Conventions | None = None
    ) -> None:
        """Remember whom to ask; without conventions it has its own."""
        self.time_problems: dict[str, str] = {}
        self.conventions = conventions or Conventions(config)
        self._cameras = config.cameras
        self._sensors: Mapping[str, LidarConfig | RadarConfig] = {**config.lidars, **config.radars}
        self._fixed_frame = config.transforms.fixed_frame
        self._deskew = config.transforms.deskew and bool(self._fixed_frame)
        self._transforms = transforms

    def image_time_ns(self, label_map: LabelMap) -> int:
        """The corrected stamp of an image."""
        return _shifted(label_map.stamp_ns, self._cameras[label_map.camera].time_offset_s)

    def sweep(self, sensor: str, cloud: PointCloud) -> Sweep:
        """Find out when each point of a cloud was measured."""
        time_ns = _shifted(cloud.stamp_ns, self._sensors[sensor].time_offset_s)
        times = point_times(cloud) if self._deskew else PointTimes(None)
        self._say(sensor, times, len(cloud))
        offsets_ns = times.offsets_ns
        last_ns = time_ns if offsets_ns is None else time_ns + max(0, int(offsets_ns.max()))
        return Sweep(sensor, cloud, time_ns, offsets_ns, last_ns, times.stray)

    def is_known(self, sweep: Sweep) -> bool:
        """Whether the sensor's pose is known up to the sweep's last point."""
        if sweep.offsets_ns is None:
            return True
        try:
            self._transforms.lookup(self._fixed_frame, self.frame_of(sweep), sweep.last_ns)
        except TransformError:
            return False
        return True

    def points_at_stamp(self, sweep: Sweep) -> NDArray[np.float32]:
        """The sweep as if measured at once, at its stamp.

        Returns:
            float32 (N, 3), metre, sensor frame.

        Raises:
            TransformError: the sensor's pose is not known for the whole sweep.
        """
        if sweep.offsets_ns is None:
            return sweep.cloud.xyz
        return deskew(
            sweep.cloud,
            sweep.offsets_ns,
            sweep.time_ns,
            self._transforms,
            self.frame_of(sweep),
            self._fixed_frame,
        )

    def T_camera_cloud(  # noqa: N802
        self, label_map: LabelMap, sweep: Sweep, later_s: float = 0.0
    ) -> NDArray[np.float64]:
        """The cloud at its stamp, seen from the camera's optical frame at the image's time.

        Args:
            label_map: the image's labels.
            sweep: the cloud.
            later_s: added to the image's time.

        Raises:
            TransformError: a frame or one of the two times is not known.
            ConventionError: which axes the camera's frame has is not known.
        """
        mounting = self._mounting(label_map, sweep, later_s)
        return self.conventions.T_optical_cloud(label_map.camera, mounting)

    def test_convention(
        self, label_map: LabelMap, lens: CameraModel, sweep: Sweep, xyz: NDArray[np.float32]
    ) -> None:
        """Let a sweep show which axes a camera's frame has, where that is not known.

        Args:
            label_map: of the camera.
            lens: of images of the label map's size.
            sweep: the cloud.
            xyz: float32 (N, 3), metre, sensor frame: its points at its stamp.

        Raises:
            TransformError: a frame or one of the two times is not known.
        """
        if self.conventions.is_open(label_map.camera):
            mounting = self._mounting(label_map, sweep)
            up = self._up(label_map, mounting)
            self.conventions.test(label_map.camera, mounting, xyz, lens, up)

    def _mounting(self, label_map: LabelMap, sweep: Sweep, later_s: float = 0.0) -> Mounting:
        frame, source = self._frame_of_camera(label_map), self.frame_of(sweep)
        if self._fixed_frame:
            time_ns = _shifted(self.image_time_ns(label_map), later_s)
            T = self._transforms.lookup_between(
                frame, time_ns, source, sweep.time_ns, self._fixed_frame
            )
        else:
            T = self._transforms.lookup(frame, source, sweep.time_ns)
        return Mounting(sweep.sensor, (frame, source), T)

    def _up(self, label_map: LabelMap, mounting: Mounting) -> NDArray[np.float64]:
        """Away from gravity, in the camera's frame: z of the fixed frame, else of the sensor's."""
        T = mounting.T_frame_cloud
        if self._fixed_frame:
            frame, time_ns = mounting.frames[0], self.image_time_ns(label_map)
            T = self._transforms.lookup(frame, self._fixed_frame, time_ns)
        up: NDArray[np.float64] = T[:3, 2]
        return up

    def shutter(self, label_map: LabelMap, sweep: Sweep) -> RollingShutter | None:
        """The camera's motion while the image was read out; None where that takes no time.

        Raises:
            TransformError: as `T_camera_cloud`.
        """
        camera = self._cameras[label_map.camera]
        if camera.readout_s == 0 or not self._fixed_frame:
            return None
        first_s = -_BEFORE_STAMP[camera.readout_stamp] * camera.readout_s
        return RollingShutter(
            self.T_camera_cloud(label_map, sweep, first_s),
            self.T_camera_cloud(label_map, sweep, first_s + camera.readout_s),
            camera.readout_from,
        )

    def T_sweep_sweep(self, now: Sweep, then: Sweep) -> NDArray[np.float64]:  # noqa: N802
        """Points of one sweep at its stamp, seen from the sensor of another one at its own.

        Raises:
            TransformError: a frame or one of the two times is not known.
        """
        target, source = self.frame_of(now), self.frame_of(then)
        if not self._fixed_frame:
            return self._transforms.lookup(target, source, now.time_ns)
        return self._transforms.lookup_between(
            target, now.time_ns, source, then.time_ns, self._fixed_frame
        )

    def velocity(self, sweep: Sweep) -> NDArray[np.float64]:
        """Velocity of the sensor at the sweep's stamp, float64 (3,), m/s, in its own frame.

        Raises:
            TransformError: where it was around that time is not known.
        """
        T, passed_s = self._step(self.frame_of(sweep), sweep.time_ns)
        velocity: NDArray[np.float64] = T[:3, 3] / passed_s
        return velocity

    def middle_of_exposure_s(self, camera: str) -> float:
        """From an image's stamp to the time when the middle of its lines is exposed."""
        parameters = self._cameras[camera]
        return (0.5 - _BEFORE_STAMP[parameters.readout_stamp]) * parameters.readout_s

    def speed(self, label_map: LabelMap) -> tuple[float, float]:
        """How fast the camera turns (rad/s) and moves (m/s) when the image is taken.

        Where that is not known, as at the edge of a recording, it counts as at rest.
        """
        frame = self._frame_of_camera(label_map)
        try:
            T, passed_s = self._step(frame, self.image_time_ns(label_map))
        except TransformError:
            return 0.0, 0.0
        turn_rad, way_m = rotation_angle(T[:3, :3]), float(np.linalg.norm(T[:3, 3]))
        return turn_rad / abs(passed_s), way_m / abs(passed_s)

    def _step(self, frame: str, time_ns: int) -> tuple[NDArray[np.float64], float]:
        """A frame's pose half a tenth of a second before or after, seen from it, and that time.

        Raises:
            TransformError: neither is known.
        """
        if not self._fixed_frame:
            return np.eye(4), 1.0
        before_ns, after_ns = time_ns - _SPEED_NS, time_ns + _SPEED_NS
        look = self._transforms.lookup_between
        try:
            T = look(frame, time_ns, frame, before_ns, self._fixed_frame)
        except TransformError:
            T = look(frame, time_ns, frame, after_ns, self._fixed_frame)
            return T, _SPEED_NS / NANOSECONDS
        return T, -_SPEED_NS / NANOSECONDS

    def frame_of(self, sweep: Sweep) -> str:
        """The sensor's frame: as configured, else the cloud's own."""
        return self._sensors[sweep.sensor].frame_id or sweep.cloud.frame_id

    def _frame_of_camera(self, label_map: LabelMap) -> str:
        """The camera's frame: as configured, else the image's own."""
        return self._cameras[label_map.camera].frame_id or label_map.frame_id

    def _say(self, sensor: str, times: PointTimes, count: int) -> None:
        if times.stray == 0:
            return
        effect = "they count at the stamp"
        if times.offsets_ns is None:
            effect = "its sweeps are taken as measured at once; set its driver to one clock"
        self.time_problems[sensor] = (
            f"field {times.field!r}: {times.stray} of {count} points have a time more than a "
            f"second off the stamp; {effect}"
        )


def _shifted(stamp_ns: int, offset_s: float) -> int:
    return stamp_ns + round(offset_s * NANOSECONDS)

"""When a scan was measured, and how its points lie before a camera at the image's time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.core.types import NANOSECONDS, CameraFrame, LabelMap, PointCloud
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.deskew import AT_REST, ScanMotion, scan_motion
from seg_perception.geometry.quaternion import rotation_angle
from seg_perception.geometry.rolling_shutter import RollingShutter
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import (
    T_OPTICAL_BODY,
    FrameConventionDetector,
    SensorPose,
    is_called_optical,
    stands_upright,
)
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.scan_reader import ScanReader

_SPEED_NS = NANOSECONDS // 20
_LATE_NS = 3 * NANOSECONDS // 10
_REST_M, _REST_RAD = 0.05, 0.01
# Share of the read-out that is over when an image is stamped.
_BEFORE_STAMP = {"first": 0.0, "middle": 0.5, "last": 1.0}
# An image, or what became of it: a camera, a stamp and a frame.
Exposure = LabelMap | CameraFrame


class EgoMotion:
    """Corrected times, and transforms between a scan and an image.

    With an empty `fixed_frame` the robot is taken as at rest: nothing is compensated.

    Attributes:
        conventions: which axes the cameras' frames have.
    """

    def __init__(
        self, config: Config, transforms: TransformTree, conventions: FrameConventionDetector
    ) -> None:
        """Remember whom to ask."""
        self.conventions = conventions
        self._cameras = config.cameras
        self._sensors = config.cloud_sensors
        self._fixed_frame = config.transforms.fixed_frame
        deskew = config.transforms.deskew and bool(self._fixed_frame)
        self._reader = ScanReader(config.lidars, config.radars, times=deskew)
        self._transforms = transforms

    def reconfigure(self, config: Config) -> None:
        """Correct the cameras otherwise from now on."""
        self.conventions.reconfigure(config)

    def image_time_ns(self, label_map: Exposure) -> int:
        """The corrected stamp of an image."""
        return self.corrected_ns(label_map.camera, label_map.stamp_ns)

    def corrected_ns(self, camera: str, stamp_ns: int) -> int:
        """The corrected time of a stamp (ns) of a camera."""
        return _shifted(stamp_ns, self._cameras[camera].time_offset_s)

    def has_moved(self, frame: str, first_ns: int, last_ns: int) -> bool | None:
        """Whether a frame moved between two times; None where that is not known.

        Transforms come a little later than images: the last moments are left out.
        """
        try:
            T_then, T_now = (
                self._transforms.lookup(self._fixed_frame, frame, stamp_ns)
                for stamp_ns in (first_ns, max(first_ns, last_ns - _LATE_NS))
            )
        except TransformError:
            return None
        turn_rad = rotation_angle(T_then[:3, :3].T @ T_now[:3, :3])
        way_m = float(np.linalg.norm(T_now[:3, 3] - T_then[:3, 3]))
        return way_m > _REST_M or float(turn_rad) > _REST_RAD

    def scan(self, sensor: str, cloud: PointCloud) -> Scan:
        """Find out when each point of a cloud was measured."""
        return self._reader.read(sensor, cloud)

    def is_known(self, scan: Scan) -> bool:
        """Whether the sensor's pose is known up to the scan's last point."""
        if scan.offsets_ns is None:
            return True
        try:
            self._transforms.lookup(self._fixed_frame, self.frame_of(scan), scan.last_ns)
        except TransformError:
            return False
        return True

    def points_at_stamp(self, scan: Scan) -> NDArray[np.float32]:
        """The scan as if measured at once, at its stamp.

        Returns:
            float32 (N, 3), metre, sensor frame.

        Raises:
            TransformError: the sensor's pose is not known for the whole scan.
        """
        return self.points_by(scan, self.motion_of(scan))

    def motion_of(self, scan: Scan) -> ScanMotion:
        """How the sensor moved during a scan.

        Raises:
            TransformError: as `points_at_stamp`.
        """
        if scan.offsets_ns is None:
            return AT_REST
        frame = self.frame_of(scan)
        return scan_motion(
            scan.offsets_ns, scan.time_ns, self._transforms, frame, self._fixed_frame
        )

    @staticmethod
    def points_by(scan: Scan, motion: ScanMotion) -> NDArray[np.float32]:
        """What `points_at_stamp` returns, by a motion that is known."""
        if scan.offsets_ns is None:
            return scan.cloud.xyz
        return motion.moved(scan.cloud.xyz, scan.offsets_ns)

    def T_camera_cloud(  # noqa: N802
        self, label_map: Exposure, scan: Scan, later_s: float = 0.0
    ) -> NDArray[np.float64]:
        """The cloud at its stamp, seen from the camera's optical frame at the image's time.

        The camera's correction is in it: whoever places points before a camera asks here.

        Args:
            label_map: the image, or its labels.
            scan: the cloud.
            later_s: added to the image's time.

        Raises:
            TransformError: a frame or one of the two times is not known.
            ConventionError: which axes the camera's frame has is not known.
        """
        pose = self._pose(label_map, scan, later_s)
        return self.conventions.T_optical_cloud(label_map.camera, pose)

    def test_convention(
        self, label_map: Exposure, lens: CameraModel, scan: Scan, xyz: NDArray[np.float32]
    ) -> None:
        """Let a scan show which axes a camera's frame has, where that is not known.

        Args:
            label_map: of the camera; or its image.
            lens: of images of any size.
            scan: the cloud.
            xyz: float32 (N, 3), metre, sensor frame: its points at its stamp.

        Raises:
            TransformError: a frame or one of the two times is not known.
        """
        if self.conventions.is_open(label_map.camera):
            pose = self._pose(label_map, scan)
            up = self._up(label_map, pose)
            self.conventions.test(label_map.camera, pose, xyz, lens, up)

    def T_camera_frame(  # noqa: N802
        self, label_map: Exposure, frame: str, stamp_ns: int
    ) -> NDArray[np.float64]:
        """Any frame at a time (ns), seen from the camera's optical frame at the image's time.

        Raises:
            TransformError, ConventionError: as `T_camera_cloud`.
        """
        camera_frame = self.frame_of_camera(label_map)
        T = self._between(camera_frame, self.image_time_ns(label_map), frame, stamp_ns)
        pose = SensorPose("", (camera_frame, frame), T)
        return self.conventions.T_optical_cloud(label_map.camera, pose)

    def _pose(self, label_map: Exposure, scan: Scan, later_s: float = 0.0) -> SensorPose:
        frame, source = self.frame_of_camera(label_map), self.frame_of(scan)
        time_ns = _shifted(self.image_time_ns(label_map), later_s)
        T = self._between(frame, time_ns, source, scan.time_ns)
        return SensorPose(scan.sensor, (frame, source), T)

    def _between(
        self, frame: str, time_ns: int, source: str, source_ns: int
    ) -> NDArray[np.float64]:
        """One frame at its time, seen from another at its own."""
        if self._is_one_place(frame, source, time_ns, source_ns):
            return np.eye(4)
        if self._fixed_frame:
            return self._transforms.lookup_between(
                frame, time_ns, source, source_ns, self._fixed_frame
            )
        return self._transforms.lookup(frame, source, source_ns)

    def _is_one_place(self, frame: str, source: str, time_ns: int, source_ns: int) -> bool:
        """Whether two frames are one where no motion counts: that needs no transform."""
        return frame == source and (time_ns == source_ns or not self._fixed_frame)

    def _up(self, label_map: Exposure, pose: SensorPose) -> NDArray[np.float64] | None:
        """Away from gravity, in the camera's frame: z of the fixed frame, else of the sensor's.

        None where the sensor's frame is the camera's own; y of one that is called optical is down.
        """
        frame, source = pose.frames
        T = pose.T_frame_cloud
        if self._fixed_frame:
            time_ns = self.image_time_ns(label_map)
            T = self._transforms.lookup(frame, self._fixed_frame, time_ns)
        elif frame == source:
            return None
        elif is_called_optical(source):
            T = T @ T_OPTICAL_BODY
        up: NDArray[np.float64] = T[:3, 2]
        return up

    def up(self, label_map: LabelMap) -> NDArray[np.float64] | None:
        """Away from gravity, float64 (3,), in the camera's optical frame; None: not known.

        That is z of the fixed frame, unless the picture does not stand upright by it: frames in
        which odometry begins are not all level.

        Raises:
            TransformError: where the camera is at the image's time is not known.
        """
        if not self._fixed_frame:
            return None
        frame, time_ns = self.frame_of_camera(label_map), self.image_time_ns(label_map)
        T = self._transforms.lookup(frame, self._fixed_frame, time_ns)
        up = self.conventions.in_optical(label_map.camera, T[:3, 2])
        return up if up is not None and stands_upright(up) else None

    def shutter(self, label_map: LabelMap, scan: Scan) -> RollingShutter | None:
        """The camera's motion while the image was read out; None where that takes no time.

        Raises:
            TransformError: as `T_camera_cloud`.
        """
        camera = self._cameras[label_map.camera]
        if camera.readout_s == 0 or not self._fixed_frame:
            return None
        first_s = -_BEFORE_STAMP[camera.readout_stamp] * camera.readout_s
        return RollingShutter(
            self.T_camera_cloud(label_map, scan, first_s),
            self.T_camera_cloud(label_map, scan, first_s + camera.readout_s),
            camera.readout_from,
        )

    def T_frame_scan(self, frame: str, scan: Scan) -> NDArray[np.float64]:  # noqa: N802
        """A scan at its stamp, seen from a frame at the same time, float64 (4, 4).

        Raises:
            TransformError: the frame, or that time, is not known.
        """
        return self._transforms.lookup(frame, self.frame_of(scan), scan.time_ns)

    def T_scan_scan(self, now: Scan, then: Scan) -> NDArray[np.float64]:  # noqa: N802
        """Points of one scan at its stamp, seen from the sensor of another one at its own.

        Raises:
            TransformError: a frame or one of the two times is not known.
        """
        target, source = self.frame_of(now), self.frame_of(then)
        if not self._fixed_frame:
            return self._transforms.lookup(target, source, now.time_ns)
        return self._transforms.lookup_between(
            target, now.time_ns, source, then.time_ns, self._fixed_frame
        )

    def velocity(self, scan: Scan) -> NDArray[np.float64]:
        """Velocity of the sensor at the scan's stamp, float64 (3,), m/s, in its own frame.

        Raises:
            TransformError: where it was around that time is not known.
        """
        T, passed_s = self._step(self.frame_of(scan), scan.time_ns)
        velocity: NDArray[np.float64] = T[:3, 3] / passed_s
        return velocity

    def middle_of_exposure_s(self, camera: str) -> float:
        """From an image's stamp to the time when the middle of its lines is exposed."""
        parameters = self._cameras[camera]
        return (0.5 - _BEFORE_STAMP[parameters.readout_stamp]) * parameters.readout_s

    def speed(self, label_map: Exposure) -> tuple[float, float]:
        """How fast the camera turns (rad/s) and moves (m/s) when the image is taken.

        Where that is not known, as at the edge of a recording, it counts as at rest.
        """
        frame = self.frame_of_camera(label_map)
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

    def is_in_frame_of(self, label_map: Exposure, scan: Scan) -> bool:
        """Whether a scan lies in the frame of an image."""
        return self.frame_of_camera(label_map) == self.frame_of(scan)

    def frame_of(self, scan: Scan) -> str:
        """The sensor's frame: as configured, else the cloud's own."""
        return self._sensors[scan.sensor].frame_id or scan.cloud.frame_id

    def frame_of_camera(self, label_map: Exposure) -> str:
        """The camera's frame: as configured, else the image's own."""
        return self._cameras[label_map.camera].frame_id or label_map.frame_id


def _shifted(stamp_ns: int, offset_s: float) -> int:
    return stamp_ns + round(offset_s * NANOSECONDS)

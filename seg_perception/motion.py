"""When a sweep was measured, and how its points lie before a camera at the image's time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config, LidarConfig, RadarConfig
from seg_perception.errors import TransformError
from seg_perception.geometry.deskew import deskew, point_offsets_ns
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pairing import Sweep
from seg_perception.types import NANOSECONDS, LabelMap, PointCloud

# REP-103: optical axes (x right, y down, z forward) of a body frame (x forward, y left, z up).
T_OPTICAL_BODY = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64)


class Motion:
    """Corrected times, and transforms between a sweep and an image.

    With an empty `fixed_frame` the robot is taken as at rest: nothing is compensated.
    """

    def __init__(self, config: Config, transforms: TransformTree) -> None:
        """Remember whom to ask."""
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
        offsets_ns = point_offsets_ns(cloud) if self._deskew else None
        last_ns = time_ns if offsets_ns is None else time_ns + max(0, int(offsets_ns.max()))
        return Sweep(sensor, cloud, time_ns, offsets_ns, last_ns)

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

    def T_camera_cloud(self, label_map: LabelMap, sweep: Sweep) -> NDArray[np.float64]:  # noqa: N802
        """The cloud at its stamp, seen from the camera's optical frame at the image's time.

        Raises:
            TransformError: a frame or one of the two times is not known.
        """
        camera = self._cameras[label_map.camera]
        frame = camera.frame_id or label_map.frame_id
        source = self.frame_of(sweep)
        if self._fixed_frame:
            T = self._transforms.lookup_between(
                frame, self.image_time_ns(label_map), source, sweep.time_ns, self._fixed_frame
            )
        else:
            T = self._transforms.lookup(frame, source, sweep.time_ns)
        return T if camera.frame_convention == "optical" else T_OPTICAL_BODY @ T

    def frame_of(self, sweep: Sweep) -> str:
        """The sensor's frame: as configured, else the cloud's own."""
        return self._sensors[sweep.sensor].frame_id or sweep.cloud.frame_id


def _shifted(stamp_ns: int, offset_s: float) -> int:
    return stamp_ns + round(offset_s * NANOSECONDS)

"""Images and clouds of a bag."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.api.camera import Camera
from seg_perception.core.types import PointCloud, clean_frame_id
from seg_perception.inspection.facts import CloudFacts, TopicFacts
from seg_perception.inspection.sensor_kind import sensor_kind
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.clouds import decode_points
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.radar import radar_fields


class BagImage:
    """One image of a bag, decoded when its pixels are first asked for.

    Attributes:
        topic, type: where it was published, and its type in ROS 2 spelling.
        stamp_ns, frame_id: of its header.
        log_time_ns: when it was recorded.
        camera: the lens that was published beside it; None: none was.
        message: as recorded: an object with the attributes of the ROS message.
    """

    def __init__(
        self, recorded: BagMessage, camera: Camera | None, pixels: Callable[[], NDArray[np.uint8]]
    ) -> None:
        """Take a message, and what gives its pixels."""
        self.topic, self.type = recorded.topic, recorded.type
        self.log_time_ns = recorded.log_time_ns
        self.message: Any = recorded.message
        self.stamp_ns, self.frame_id = _header(self.message)
        self.camera = camera
        self._pixels = pixels

    @cached_property
    def rgb(self) -> NDArray[np.uint8]:
        """uint8 (H, W, 3), RGB.

        Raises:
            ImageError: it can't be decoded, or shows depths.
        """
        return self._pixels()

    def __repr__(self) -> str:
        """Topic, stamp and frame."""
        return f"<BagImage {self.topic} at {self.stamp_ns / 1e9:.3f} s, frame {self.frame_id}>"


class BagCloud:
    """One cloud of a bag, of a lidar or a radar, decoded when its points are first asked for.

    Attributes:
        topic, type, stamp_ns, frame_id, log_time_ns, message: as of `BagImage`.
    """

    def __init__(self, recorded: BagMessage) -> None:
        """Take a message."""
        self.topic, self.type = recorded.topic, recorded.type
        self.log_time_ns = recorded.log_time_ns
        self.message: Any = recorded.message
        self.stamp_ns, self.frame_id = _header(self.message)

    @cached_property
    def cloud(self) -> PointCloud:
        """As the core has it.

        Raises:
            CloudError: it can't be decoded.
        """
        return decode_points(self.message)

    @property
    def xyz(self) -> NDArray[np.float32]:
        """float32 (N, 3), metre where its driver speaks of metres, the sensor's frame.

        Raises:
            CloudError: as `cloud`.
        """
        return self.cloud.xyz

    @property
    def points(self) -> NDArray[Any]:
        """All fields, structured (N,): `cloud.points["intensity"]`.

        Raises:
            CloudError: as `cloud`.
        """
        return self.cloud.points.reshape(-1)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of its fields."""
        return self.cloud.fields

    @cached_property
    def sensor(self) -> Literal["lidar", "radar"]:
        """What it comes from: by type and name, else by its fields and points, as `inspect` has it.

        Raises:
            CloudError: as `cloud`.
        """
        points = self.cloud.points
        doppler = radar_fields(self.cloud).doppler_field
        organised = points.shape[0] > 1
        facts = CloudFacts(self.fields, len(self), doppler_field=doppler, organised=organised)
        topic = TopicFacts(self.topic, self.type, 1, 0.0, frame_id=self.frame_id, cloud=facts)
        return sensor_kind(topic).kind

    def __len__(self) -> int:
        """Number of points."""
        return len(self.cloud)

    def __repr__(self) -> str:
        """Topic, stamp and frame."""
        return f"<BagCloud {self.topic} at {self.stamp_ns / 1e9:.3f} s, frame {self.frame_id}>"


def _header(message: Any) -> tuple[int, str]:
    header = header_of(message)
    return stamp_to_ns(header.stamp), clean_frame_id(header.frame_id)

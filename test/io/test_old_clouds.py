"""sensor_msgs/PointCloud, as Oculii's radars and old recordings have it."""

import numpy as np
import pytest

from seg_perception.core.errors import CloudError
from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.clouds import decode_points
from seg_perception.io.radar import radar_fields


def cloud(**channels):
    points = [m.Point32(1.0, 2.0, 3.0), m.Point32(-4.0, 5.0, 0.5)]
    extra = [m.ChannelFloat32(name, np.array(v, np.float32)) for name, v in channels.items()]
    return m.PointCloud(m.Header.at(7, "/radar"), points, extra)


def test_points_and_channels_are_read_from_a_bag(tmp_path):
    with BagWriter(tmp_path / "old.mcap") as writer:
        writer.write("/radar", cloud(doppler=[0.5, -1.5], power=[7, 8]), 7)
    with BagReader(tmp_path / "old.mcap") as bag:
        (message,) = bag.messages({"/radar"})
        found = decode_points(message.message)
    assert (found.stamp_ns, found.frame_id) == (7, "radar")
    assert found.xyz.tolist() == [[1, 2, 3], [-4, 5, 0.5]]
    assert radar_fields(found).doppler_mps.tolist() == [0.5, -1.5]
    assert radar_fields(found).strength.tolist() == [7, 8]


def test_a_channel_that_is_too_short_or_named_as_another_is_refused():
    with pytest.raises(CloudError, match="'rcs': expected 2 values, one a point, got 1"):
        decode_points(cloud(rcs=[1]))
    for name in ("x", ""):
        with pytest.raises(CloudError, match="different names"):
            decode_points(cloud(**{name: [1, 2]}))

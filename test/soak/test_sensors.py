"""What the sensors of a soak run send, sound and damaged."""

from __future__ import annotations

import pytest

from seg_perception.core.errors import SegPerceptionError
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.pointcloud2 import decode_cloud
from soak import sensors
from soak.sensors import Extent, cdr, damaged, good, stamp_of, stamped

EXTENT = Extent(width=160, height=96, rings=8)


@pytest.mark.parametrize("stream", [*sensors.CAMERAS, sensors.TOP, sensors.RADAR])
def test_damaged_messages_are_refused_and_good_ones_are_not(stream):
    images = dict.fromkeys(sensors.RAW_CAMERAS, decode_image)
    images |= dict.fromkeys(sensors.JPEG_CAMERAS, decode_compressed_image)
    decode = images.get(stream, decode_cloud)
    decode(good(EXTENT)[stream])
    for reason, message in damaged(EXTENT, stream):
        if reason == "size_mismatch":  # only its calibration tells
            decode(message)
            continue
        with pytest.raises(SegPerceptionError) as error:
            decode(message)
        assert error.value.reason == reason


def test_a_message_keeps_all_but_its_stamp():
    data = cdr(good(EXTENT)[sensors.TOP])
    later = stamped(data, 5_000_000_123)
    assert (stamp_of(data), stamp_of(later)) == (0, 5_000_000_123)
    assert (len(later), later[12:]) == (len(data), data[12:])


@pytest.mark.parametrize(
    ("camera", "ahead"),
    [("front", (1, 0)), ("rear", (-1, 0)), ("left", (0, 1)), ("right", (0, -1))],
)
def test_the_cameras_look_to_all_sides(camera, ahead):
    placed = {edge.child: edge.T_parent_child for edge in sensors.static_transforms()}
    axis = placed[f"{camera}_optical"][:3, 2]
    assert tuple(axis.round().astype(int)) == (*ahead, 0)

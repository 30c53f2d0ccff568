"""What the sensors of a soak run send, sound and damaged."""

from __future__ import annotations

import pytest

from seg_perception.core.errors import SegPerceptionError
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.pointcloud2 import decode_cloud
from soak import sensors
from soak.sensors import Extent, cdr, damaged, good, stamp_of, stamped

EXTENT = Extent(width=160, height=96, rings=8)


@pytest.mark.parametrize("stream", [sensors.FRONT, sensors.REAR, sensors.TOP, sensors.RADAR])
def test_damaged_messages_are_refused_and_good_ones_are_not(stream):
    decode = {sensors.FRONT: decode_image, sensors.REAR: decode_compressed_image}
    decode = decode.get(stream, decode_cloud)
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

from __future__ import annotations

import pytest

from seg_perception.core.errors import BagError
from seg_perception.io.bag_reader import BagReader
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import write_bag


def test_a_drive_can_be_read_back(tmp_path):
    config = SimulationConfig(
        duration_s=0.2, camera_width=64, camera_height=36, lidar_beams=4, lidar_columns=32
    )
    told = []
    write_bag(tmp_path / "drive.mcap", config, told.append)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    with BagReader(tmp_path / "drive.mcap") as bag:
        counts = {topic.name: topic.count for topic in bag.topics}
        image = next(bag.messages(["/camera/front/image_raw"])).message
    assert counts["/camera/front/image_raw"] == counts["/lidar/top/points"] == 2
    assert counts["/radar/front/points"] == 3
    assert (image.width, image.height, image.encoding) == (64, 36, "rgb8")


def test_a_bag_is_never_overwritten(tmp_path):
    path = tmp_path / "drive.mcap"
    path.write_bytes(b"precious")
    with pytest.raises(BagError):
        write_bag(path, SimulationConfig(duration_s=0.1))
    assert path.read_bytes() == b"precious"

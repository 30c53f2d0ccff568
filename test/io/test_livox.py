"""The message of Livox drivers, which is no PointCloud2."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from seg_perception.config.input_topics import LIVOX_TYPES
from seg_perception.geometry.point_times import point_times
from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.clouds import decode_points

STAMP_NS = 1_700_000_000_123_456_789


def scan(timebase=STAMP_NS, kind=m.CustomMsg, point=m.CustomPoint):
    points = [point(0, 1.0, 2.0, 3.0, 7, 16, 0), point(50_000_000, -4.0, 5.0, 0.5, 255, 0, 3)]
    return kind(m.Header.at(STAMP_NS, "/livox"), timebase, 2, 0, np.zeros(3, np.uint8), points)


def test_a_scan_becomes_a_cloud_with_all_its_fields():
    found = decode_points(scan())
    assert (found.stamp_ns, found.frame_id, found.points.shape) == (STAMP_NS, "livox", (1, 2))
    assert found.xyz.tolist() == [[1, 2, 3], [-4, 5, 0.5]]
    assert found.points["reflectivity"].tolist() == [[7, 255]]
    assert found.points["tag"].tolist() == [[16, 0]]
    assert found.points["line"].tolist() == [[0, 3]]
    assert point_times(found).offsets_ns.tolist() == [0, 50_000_000]


@pytest.mark.parametrize(
    ("timebase", "first_ns"),
    [(STAMP_NS - 40_000_000, -40_000_000), (STAMP_NS + 5_000, 5_000), (0, 0), (2**64 - 1, 0)],
)
def test_times_count_from_the_timebase_unless_that_is_of_another_clock(timebase, first_ns):
    times = point_times(decode_points(scan(timebase)))
    assert times.offsets_ns.tolist() == [first_ns, first_ns + 50_000_000]


def test_a_scan_without_points_is_an_empty_cloud():
    assert len(decode_points(m.CustomMsg(header=m.Header.at(0, "l")))) == 0


@pytest.mark.parametrize("type_name", LIVOX_TYPES)
def test_scans_are_read_from_bags_of_each_driver_without_its_package(tmp_path, type_name):
    @dataclass
    class Point(m.CustomPoint):
        type_name: ClassVar[str] = ""

    @dataclass
    class Scan(m.CustomMsg):
        type_name: ClassVar[str] = ""

    Point.type_name, Scan.type_name = type_name.replace("Msg", "Point"), type_name
    with BagWriter(tmp_path / "scan.mcap") as writer:
        writer.write("/livox/lidar", scan(kind=Scan, point=Point), 7)
    with BagReader(tmp_path / "scan.mcap") as bag:
        (message,) = bag.messages({"/livox/lidar"})
        found = decode_points(message.message)
    assert message.type == type_name
    assert found.xyz.tolist() == [[1, 2, 3], [-4, 5, 0.5]]

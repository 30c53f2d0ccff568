"""From the clouds of one sensor to its scans."""

import math

import numpy as np
import pytest

from seg_perception.config import LidarConfig, RadarConfig
from seg_perception.core.types import PointCloud
from seg_perception.io.coordinates import with_coordinates
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.scan_reader import ScanReader

MS = 1_000_000


def cloud(stamp_ms: float, times: list[int]) -> PointCloud:
    points = np.zeros((1, len(times)), [("x", "f4"), ("y", "f4"), ("z", "f4"), ("t", "u4")])
    points["x"], points["t"] = 10, times
    return PointCloud(points, round(stamp_ms * MS), "lidar")


def reader(**parameters: float) -> ScanReader:
    lidar = LidarConfig(topic="/points", **parameters)
    return ScanReader({"top": lidar}, {"nose": RadarConfig(topic="/radar")}, times=True)


def codes(scan: Scan) -> list[str]:
    return [remark.kind.code for remark in scan.remarks]


def test_the_period_is_learned_from_the_stamps() -> None:
    # Packets of 1.3 ms in microseconds are scans only where one comes each 1.3 ms.
    read, packet = reader(), [13 * n for n in range(100)]
    first = read.read("top", cloud(1000, packet))
    second = read.read("top", cloud(1001.3, packet))
    assert first.last_ns - first.time_ns == 1287
    assert second.last_ns - second.time_ns == 1_287_000


def test_a_lost_cloud_and_a_jump_do_not_change_the_period() -> None:
    read, turn = reader(), [n * MS for n in range(100)]
    for stamp_ms in (0, 1000, 1100, 1200, 1500, 1600, 100, 200, 90_000, 90_100):
        assert codes(read.read("top", cloud(stamp_ms, turn))) == []


def test_a_sparse_scan_is_read_as_those_before() -> None:
    read = reader()
    read.read("top", cloud(100, [n * MS for n in range(100)]))
    sparse = read.read("top", cloud(200, [20, 10_020]))
    assert sparse.last_ns - sparse.time_ns == 10_020


def polar(stamp_ms: float, azimuths: list[float]) -> PointCloud:
    """Ten metres away, at elevation 0, from a driver that gives no x, y, z."""
    points = np.zeros((1, len(azimuths)), [("range", "f4"), ("azimuth", "f4"), ("elevation", "f4")])
    points["range"], points["azimuth"] = 10, azimuths
    places, remarks = with_coordinates(points)
    return PointCloud(places, round(stamp_ms * MS), "lidar", remarks=remarks)


def test_degrees_are_degrees_from_the_first_scan_on_that_tells() -> None:
    read = reader()
    for stamp_ms, azimuths, bearing_rad in (
        (0, [3.0], 3.0),  # could be either
        (100, [60.0, 3.0], math.radians(3)),
        (200, [3.0], math.radians(3)),
    ):
        scan = read.read("top", polar(stamp_ms, azimuths))
        x, y, _ = scan.cloud.xyz[-1]
        assert math.atan2(y, x) == pytest.approx(bearing_rad)
        assert scan.cloud.points.dtype.itemsize == 24
        assert scan.cloud.points["azimuth"][0, -1] == 3
    assert [remark.numbers["unit"] for remark in scan.remarks] == ["degrees"]


def test_points_in_millimetres_are_metres_from_here_on() -> None:
    (remark,) = reader().read("top", cloud(0, [0])).remarks or [None]
    assert remark is None
    far = cloud(0, [0, 0, 0])
    far.points["x"] = 1500
    assert codes(reader().read("top", far)) == ["millimetres"]
    scan = reader(xyz_scale=0.001).read("top", far)
    np.testing.assert_allclose(scan.cloud.xyz[:, 0], 1.5)
    assert codes(scan) == []


def test_a_radar_measures_at_once() -> None:
    read = reader()
    for stamp_ms in (0, 100, 200):
        assert codes(read.read("nose", cloud(stamp_ms, [5] * 100))) == []

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from seg_perception.core.types import PointCloud
from seg_perception.io import messages as m
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.clouds import decode_points
from seg_perception.io.radar import radar_fields

TABLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "radar_fields.csv"


def cloud(values, **types):
    """A cloud of one point."""
    names = {"x": 3.0, "y": 4.0, "z": 12.0, **values}
    points = np.zeros((1, 1), [(name, types.get(name, "<f4")) for name in names])
    for name, value in names.items():
        points[name] = value
    return PointCloud(points, 0, "radar")


@pytest.mark.parametrize(
    ("fields", "doppler", "strength", "compensated"),
    [
        (["range", "azimuth", "elevation", "power", "doppler"], "doppler", "power", False),
        (["radial_speed", "power", "rcs", "noise", "snr"], "radial_speed", "rcs", False),
        (["absolute_radial_speed", "rgb", "rcs"], "absolute_radial_speed", "rcs", True),
        (["absolute_radial_speed", "range_rate", "rcs"], "range_rate", "rcs", False),
        (["v", "r", "RCS", "azimuth"], "v", "RCS", False),
        (["range_rate", "range_rate_std", "rcs"], "range_rate", "rcs", False),
        (["Doppler", "Power", "Range", "Alpha", "Beta"], "Doppler", "Power", False),
        (["snr_db", "v_doppler_mps", "noise_db", "range"], "v_doppler_mps", "snr_db", False),
        (["RCS", "v_r", "v_r_compensated"], "v_r", "RCS", False),
        (["V_r", "Range", "Power"], "V_r", "Power", False),
        (["doppler_velocity", "amplitude"], "doppler_velocity", "amplitude", False),
        (["intensity"], "", "intensity", False),
        (["velocity"], "velocity", "", False),
    ],
)
def test_finds_what_each_driver_calls_it(fields, doppler, strength, compensated):
    values = {name: 10.0 + i for i, name in enumerate(fields)}
    found = radar_fields(cloud(values))
    assert (found.doppler_field, found.strength_field) == (doppler, strength)
    assert found.doppler_compensated == compensated
    for name, array in ((doppler, found.doppler_mps), (strength, found.strength)):
        assert (array is None) if not name else array.tolist() == [values[name]]


def test_reads_numbers_of_any_type():
    found = radar_fields(cloud({"RCS": -7, "range_rate": 1.5}, RCS="i1", range_rate="<f8"))
    assert (found.strength.tolist(), found.doppler_mps.tolist()) == ([-7.0], [1.5])
    assert found.strength.dtype == found.doppler_mps.dtype == np.float32


def test_polar_coordinates_follow_from_the_place():
    # 3, 4, 12 lies 13 away, and 5 away on the ground.
    found = radar_fields(cloud({}))
    assert found.range_m.item() == pytest.approx(13)
    assert found.azimuth_rad.item() == pytest.approx(math.atan2(4, 3))
    assert found.elevation_rad.item() == pytest.approx(math.atan2(12, 5))


def test_a_field_of_several_values_is_no_velocity():
    points = np.zeros((1, 2), [("x", "f4"), ("y", "f4"), ("z", "f4"), ("velocity", "f4", (3,))])
    assert radar_fields(PointCloud(points, 0, "radar")).doppler_mps is None


def test_an_empty_cloud_has_empty_fields():
    points = np.zeros((1, 0), [("x", "f4"), ("y", "f4"), ("z", "f4"), ("doppler", "f4")])
    found = radar_fields(PointCloud(points, 0, "radar"))
    assert found.doppler_mps.shape == found.range_m.shape == (0,)


def test_every_driver_in_the_table_has_its_strength_or_velocity_found():
    if not TABLE.is_file():
        pytest.skip(f"the table of drivers is not at {TABLE}")
    drivers = {}
    for row in csv.DictReader(TABLE.open()):
        names = row["field"].split("(")[0].replace("|", " ").split()
        drivers.setdefault((row["sensor_driver"], row["topic"]), []).extend(names)
    unread = []
    for driver, names in drivers.items():
        fields = {name: 1.0 for name in names if name not in ("x", "y", "z")}
        found = radar_fields(cloud(fields))
        if found.strength is None and found.doppler_mps is None:
            unread.append(driver)
    assert not unread


@pytest.mark.parametrize(("positive", "sign"), [("driver", 1), ("away", 1), ("towards", -1)])
def test_a_doppler_may_be_said_to_be_positive_towards_the_radar(positive, sign):
    assert radar_fields(cloud({"v_r": 1.5}), positive).doppler_mps.tolist() == [1.5 * sign]


def test_errors_of_single_returns_are_read_where_the_driver_states_them():
    found = radar_fields(cloud({"azimuth_std": 0.01, "elevation_std": 0.02, "range_std": 0.1}))
    assert found.azimuth_sigma_rad.item() == pytest.approx(0.01)
    assert found.elevation_sigma_rad.item() == pytest.approx(0.02)
    assert found.range_sigma_m.item() == pytest.approx(0.1)
    assert radar_fields(cloud({})).azimuth_sigma_rad is None


def scan():
    returns = [
        m.RadarReturn(13.0, math.atan2(4, 3), math.atan2(12, 5), -1.5, 20.0),
        m.RadarReturn(2.0, -math.pi / 2, 0.0, 0.25, -3.0),
    ]
    return m.RadarScan(m.Header.at(7, "/radar"), returns)


def test_a_radar_scan_becomes_a_cloud_with_all_its_fields():
    found = decode_points(scan())
    assert (found.stamp_ns, found.frame_id, found.points.shape) == (7, "radar", (1, 2))
    # Azimuth is to the left and elevation up: 3, 4, 12 and two metres to the right.
    np.testing.assert_allclose(found.xyz, [[3, 4, 12], [0, -2, 0]], atol=1e-6)
    assert found.points["doppler_velocity"].tolist() == [[-1.5, 0.25]]
    assert found.points["amplitude"].tolist() == [[20.0, -3.0]]
    assert found.points["range"].tolist() == [[13.0, 2.0]]
    fields = radar_fields(found)
    assert (fields.doppler_field, fields.strength_field) == ("doppler_velocity", "amplitude")


def test_a_scan_without_returns_is_an_empty_cloud():
    assert len(decode_points(m.RadarScan())) == 0


def test_scans_are_read_from_bags_without_their_package(tmp_path):
    with BagWriter(tmp_path / "scan.mcap") as writer:
        writer.write("/radar", scan(), 7)
    with BagReader(tmp_path / "scan.mcap") as bag:
        (message,) = bag.messages({"/radar"})
        found = decode_points(message.message)
    assert message.type == "radar_msgs/msg/RadarScan"
    np.testing.assert_allclose(found.xyz, decode_points(scan()).xyz)

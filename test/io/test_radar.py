import csv
import math
from pathlib import Path

import numpy as np
import pytest

from seg_perception.io.radar import radar_fields
from seg_perception.types import PointCloud

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

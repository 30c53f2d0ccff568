"""Point files, read back by readers that are written here from the formats' descriptions."""

import struct

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.io.point_files import check_point_file, write_points

LAYOUT = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<f4"), ("label", "<u4"),
                   ("confidence", "<f4"), ("count", "<u4")])  # fmt: skip
COLOR = struct.unpack("<f", struct.pack("<I", 0x0A64FF))[0]


@pytest.fixture
def points():
    values = np.zeros(2, LAYOUT)
    values[0] = (1.5, -2.0, 0.25, COLOR, 7, 0.75, 3)
    values[1] = (-1e6, 0.0, 3.0, 0.0, 65_534, 1.0, 4_000_000_000)
    return values


def read_pcd(data):
    """Fields of a binary PCD 0.7 file as lists."""
    head, _, body = data.partition(b"DATA binary\n")
    entries = dict(
        line.split(" ", 1) for line in head.decode().splitlines() if not line.startswith("#")
    )
    codes = {("F", "4"): "f", ("U", "4"): "I", ("U", "1"): "B", ("I", "4"): "i"}
    names = entries["FIELDS"].split()
    kinds = zip(entries["TYPE"].split(), entries["SIZE"].split(), strict=True)
    record = struct.Struct("<" + "".join(codes[kind] for kind in kinds))
    assert entries["VERSION"] == "0.7"
    assert int(entries["WIDTH"]) * int(entries["HEIGHT"]) == int(entries["POINTS"])
    assert entries["COUNT"].split() == ["1"] * len(names)
    assert len(body) == record.size * int(entries["POINTS"])
    return [dict(zip(names, values, strict=True)) for values in record.iter_unpack(body)]


def read_ply(data):
    """Vertices of a binary little-endian PLY file."""
    head, _, body = data.partition(b"end_header\n")
    lines = head.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert lines[2].startswith("element vertex ")
    codes = {"float": "f", "double": "d", "uchar": "B", "uint": "I", "int": "i", "ushort": "H"}
    properties = [line.split() for line in lines[3:]]
    assert all(p[0] == "property" for p in properties)
    record = struct.Struct("<" + "".join(codes[kind] for _, kind, _ in properties))
    assert len(body) == record.size * int(lines[2].split()[-1])
    names = [name for *_, name in properties]
    return [dict(zip(names, values, strict=True)) for values in record.iter_unpack(body)]


def test_pcd_holds_every_field(points, tmp_path):
    write_points(tmp_path / "map.pcd", points)
    first, second = read_pcd((tmp_path / "map.pcd").read_bytes())
    assert (first["x"], first["y"], first["z"]) == (1.5, -2.0, 0.25)
    assert struct.pack("<f", first["rgb"]) == struct.pack("<I", 0x0A64FF)
    assert (first["label"], first["confidence"], first["count"]) == (7, 0.75, 3)
    assert (second["label"], second["count"]) == (65_534, 4_000_000_000)


def test_ply_has_its_colours_as_bytes(points, tmp_path):
    write_points(tmp_path / "map.ply", points)
    first, second = read_ply((tmp_path / "map.ply").read_bytes())
    assert list(first) == ["x", "y", "z", "red", "green", "blue", "label", "confidence", "count"]
    assert (first["red"], first["green"], first["blue"]) == (0x0A, 0x64, 0xFF)
    assert (first["x"], first["label"], first["confidence"], first["count"]) == (1.5, 7, 0.75, 3)
    assert second["x"] == -1e6


@pytest.mark.parametrize("name", ["map.pcd", "map.ply"])
def test_big_endian_and_padded_points_are_written_alike(points, tmp_path, name):
    padded = np.zeros(2, np.dtype({**_layout(), "itemsize": 48}))
    for field in LAYOUT.names:
        padded[field] = points[field]
    write_points(tmp_path / name, points)
    (tmp_path / "other").mkdir()
    write_points(tmp_path / "other" / name, padded)
    assert (tmp_path / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def _layout():
    return {
        "names": list(LAYOUT.names),
        "formats": [LAYOUT[name].newbyteorder(">") for name in LAYOUT.names],
        "offsets": [4 + 4 * index for index in range(len(LAYOUT.names))],
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [("map.xyz", "ends in .pcd or .ply"), ("nowhere/map.pcd", "existing folder")],
)
def test_other_paths_are_refused(tmp_path, name, words):
    with pytest.raises(ConfigError, match=words):
        check_point_file(tmp_path / name)


def test_a_file_is_never_overwritten(points, tmp_path):
    path = tmp_path / "map.pcd"
    path.write_bytes(b"mine")
    with pytest.raises(ConfigError, match="exists"):
        write_points(path, points)
    assert path.read_bytes() == b"mine"


def test_nothing_unfinished_is_left(points, tmp_path):
    write_points(tmp_path / "map.pcd", points)
    assert [p.name for p in tmp_path.iterdir()] == ["map.pcd"]

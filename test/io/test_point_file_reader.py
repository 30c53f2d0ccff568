"""Point files are read as they were written; others by Open3D, where it is."""

import sys

import numpy as np
import pytest

from seg_perception.core.errors import ConfigError, SegPerceptionError
from seg_perception.core.ontology import Ontology
from seg_perception.io.class_comments import class_comments, classes_of
from seg_perception.io.point_file_reader import is_point_file, read_points
from seg_perception.io.point_files import write_points

LAYOUT = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<f4"), ("label", "<u4"),
                   ("confidence", "<f4"), ("count", "<u4")])  # fmt: skip
TEXT_PCD = """# .PCD v0.7
VERSION 0.7
FIELDS x y z
SIZE 4 4 4
TYPE F F F
COUNT 1 1 1
WIDTH 2
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS 2
DATA ascii
1 2 3
-4 5.5 6
"""
TEXT_PLY = """ply
format ascii 1.0
element vertex 2
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
1 2 3 10 100 255
-4 5.5 6 0 0 1
"""


@pytest.fixture
def points():
    values = np.zeros(2, LAYOUT)
    color = np.array([0x0A64FF], np.uint32).view(np.float32)[0]
    values[0] = (1.5, -2.0, 0.25, color, 7, 0.75, 3)
    values[1] = (-1e6, 0.0, 3.0, 0.0, 65_534, 1.0, 4_000_000_000)
    return values


@pytest.fixture
def open3d():
    try:
        import open3d
    except (ImportError, OSError) as error:
        pytest.skip(f"the extra [open3d] is not installed, or the system lacks a library: {error}")
    return open3d


@pytest.mark.parametrize("name", ["map.ply", "map.pcd", "MAP.PLY"])
def test_what_was_written_is_read(points, tmp_path, name):
    write_points(tmp_path / name, points, ["a line", "another: ä"])
    found = read_points(tmp_path / name)
    assert found.xyz.tolist() == [[1.5, -2.0, 0.25], [-1e6, 0.0, 3.0]]
    assert found.labels.tolist() == [7, 65_534]
    assert found.colors.tolist() == [[0x0A, 0x64, 0xFF], [0, 0, 0]]
    assert found.points["confidence"].tolist() == [0.75, 1.0]
    assert found.comments[-2:] == ("a line", "another: ä")


def test_labels_beyond_16_bits_are_none(points, tmp_path):
    points["label"][1] = 65_536
    write_points(tmp_path / "map.ply", points)
    assert read_points(tmp_path / "map.ply").labels is None


@pytest.mark.parametrize("name", ["map.ply", "map.pcd"])
def test_a_file_that_ends_early_is_refused(points, tmp_path, name):
    write_points(tmp_path / name, points)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1])
    with pytest.raises(ConfigError, match=r"expected 2 points of .* the file ends after 1"):
        read_points(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.ply", "no point file", "expected a line end_header"),
        ("a.pcd", "", "expected a line DATA"),
        ("a.ply", "plx\nend_header\n", "expected a PLY file"),
        ("a.pcd", "FIELDS x\nSIZE 4\nTYPE Q\nPOINTS 1\nDATA binary\n1234", "header is damaged"),
        ("a.pcd", "FIELDS x x\nSIZE 4 4\nTYPE F F\nPOINTS 0\nDATA binary\n", "different names"),
        ("a.pcd", "FIELDS x\nSIZE 4\nTYPE F\nPOINTS -1\nDATA binary\n", "header is damaged"),
        ("a.pcd", "FIELDS x y\nSIZE 4 4\nTYPE F F\nPOINTS 0\nDATA binary\n", "z is missing"),
    ],
)
def test_damaged_headers_are_refused_in_words(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_points(tmp_path / name)


def test_no_file_is_said(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_points(tmp_path / "map.ply")
    assert is_point_file(tmp_path / "MAP.PCD")
    assert not is_point_file(tmp_path / "map.mcap")


@pytest.mark.parametrize(("name", "text"), [("a.pcd", TEXT_PCD), ("a.ply", TEXT_PLY)])
def test_text_is_read_by_open3d(open3d, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    found = read_points(tmp_path / name)
    assert found.xyz.tolist() == [[1, 2, 3], [-4, 5.5, 6]]
    expected = [[10, 100, 255], [0, 0, 1]] if name == "a.ply" else None
    assert (None if found.colors is None else found.colors.tolist()) == expected


def test_a_compressed_pcd_is_read_by_open3d(open3d, tmp_path):
    file = tmp_path / "a.pcd"
    xyz = np.arange(300, dtype=np.float32).reshape(100, 3)
    cloud = open3d.t.geometry.PointCloud(open3d.core.Tensor(xyz))
    cloud.point.label = open3d.core.Tensor(np.arange(100, dtype=np.uint32)[:, None])
    open3d.t.io.write_point_cloud(str(file), cloud, compressed=True)
    assert b"binary_compressed" in file.read_bytes()
    found = read_points(file)
    assert np.array_equal(found.xyz, xyz)
    assert found.labels.tolist() == list(range(100))


def test_without_open3d_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    (tmp_path / "a.ply").write_text(TEXT_PLY)
    with pytest.raises(SegPerceptionError, match=r"a\.ply, .* needs Open3D: pip install open3d"):
        read_points(tmp_path / "a.ply")


def test_open3d_leaves_the_class_ids_of_a_ply_out(open3d, points, tmp_path):
    """Why our own files are read and written here."""
    write_points(tmp_path / "map.ply", points)
    seen = open3d.t.io.read_point_cloud(str(tmp_path / "map.ply")).point
    assert "label" not in seen
    cloud = open3d.t.geometry.PointCloud(open3d.core.Tensor(np.zeros((1, 3), np.float32)))
    cloud.point.label = open3d.core.Tensor(np.zeros((1, 1), np.uint32))
    with pytest.raises(RuntimeError, match="UInt32 is not supported"):
        open3d.t.io.write_point_cloud(str(tmp_path / "theirs.ply"), cloud)


def test_open3d_reads_all_of_our_pcd(open3d, points, tmp_path):
    write_points(tmp_path / "map.pcd", points, class_comments(Ontology.load("field")))
    seen = open3d.t.io.read_point_cloud(str(tmp_path / "map.pcd")).point
    assert seen["label"].numpy().ravel().tolist() == [7, 65_534]
    assert seen["colors"].numpy().tolist() == [[0x0A, 0x64, 0xFF], [0, 0, 0]]


def test_comments_name_the_classes_that_were_written():
    ontology = Ontology.load("goose")
    found = classes_of(["Created by somebody", *class_comments(ontology)], "map.ply")
    assert found.name == "goose"
    assert found.classes == ontology.classes


@pytest.mark.parametrize("comments", [[], ["class 1 grass"], ["class 1 #000000 a"] * 2])
def test_comments_that_name_none_or_contradict_themselves_tell_nothing(comments):
    assert classes_of(comments, "map.ply") is None

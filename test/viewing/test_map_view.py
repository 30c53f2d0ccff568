"""A map's file in Rerun, and as the parts of a window of Open3D's."""

from functools import partial

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.io.class_comments import class_comments
from seg_perception.io.point_file_reader import read_points
from seg_perception.io.point_files import write_points
from seg_perception.viewing import view_map
from seg_perception.viewing.open3d_window import map_parts
from seg_perception.viewing.recording import saved_recording

POINT = np.dtype([*((name, "<f4") for name in ("x", "y", "z", "rgb")), ("label", "<u4")])
FIELD = Ontology.load("field")


@pytest.fixture
def points():
    values = np.zeros(3, POINT)
    values["x"], values["label"] = [1, 2, 3], [3, 6, 255]
    values["rgb"] = np.array([0xFF0000, 0x00FF00, 0x0000FF], np.uint32).view(np.float32)
    return values


@pytest.fixture
def shown(tmp_path, rrd):
    """What the view of points holds."""

    def show(points, comments=(), ontology=None):
        write_points(tmp_path / "map.ply", points, comments)
        file = tmp_path / "map.rrd"
        summary = view_map(tmp_path / "map.ply", partial(saved_recording, file), ontology)
        return rrd(file), summary

    return show


def test_points_have_class_ids_that_the_file_s_comments_name(shown, points):
    found, summary = shown(points, class_comments(FIELD))
    ((stamp, ids),) = found.rows("/map", "Points3D:class_ids")
    assert (stamp, ids) == (None, [3, 6, 255])
    ((_, xyz),) = found.rows("/map", "Points3D:positions")
    assert xyz == [[1, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert found.classes()[3] == ("grass", FIELD.classes[3].color)
    assert found.rows("/map", "Points3D:colors") == []
    assert summary.notes == []


def test_without_names_points_keep_their_colours_and_that_is_said(shown, points):
    found, summary = shown(points)
    ((_, colors),) = found.rows("/map", "Points3D:colors")
    assert [color >> 8 for color in colors] == [0xFF0000, 0x00FF00, 0x0000FF]
    assert found.rows("/map", "Points3D:class_ids") == []
    assert "does not name its classes" in summary.notes[0]


def test_an_ontology_names_them(shown, points):
    found, summary = shown(points, ontology=FIELD)
    assert found.classes()[6][0] == "trunk"
    assert summary.notes == []


def test_points_of_one_height_and_no_colour_are_shown(shown, points):
    found, _ = shown(points[["x", "y", "z"]])
    ((_, colors),) = found.rows("/map", "Points3D:colors")
    assert len(set(colors)) == 1


def test_the_window_has_a_part_for_each_class_that_occurs(points, tmp_path, open3d):
    write_points(tmp_path / "map.pcd", points, class_comments(FIELD))
    parts = list(map_parts(open3d, read_points(tmp_path / "map.pcd"), FIELD))
    assert [part["name"] for part in parts] == ["grass", "trunk", "unknown (255)"]
    clouds = [part["geometry"].point for part in parts]
    assert [cloud.positions.numpy().tolist() for cloud in clouds] == [
        [[x, 0, 0]] for x in (1, 2, 3)
    ]
    # Grass is #7cb342: 0x42 is 0.2588 in sRGB and 0.0545 of the light.
    assert clouds[0].colors.numpy()[0, 2] == pytest.approx(0.0545, abs=1e-3)

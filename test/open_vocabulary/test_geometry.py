"""Geometry as a teacher over a small drive: labels that many views agree on, and no others."""

import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.fusion.voxels import Voxels
from seg_perception.geometry.camera import CameraModel
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.geometry.agreement import Agreement
from seg_perception.open_vocabulary.geometry.drive import Place
from seg_perception.open_vocabulary.geometry.labeller import GeometryLabeller
from seg_perception.open_vocabulary.words import Words

ONTOLOGY = Ontology.parse(
    {
        "name": "yard",
        "classes": [
            {"id": 0, "name": "person", "color": "#ff0000"},
            {"id": 3, "name": "grass", "color": "#00ff00"},
            {"id": 7, "name": "wall", "color": "#0000ff"},
        ],
        "groupings": {
            "movable": [
                {"name": "static", "color": "#808080", "classes": ["grass", "wall"]},
                {"name": "movable", "color": "#ff0000", "classes": ["person"]},
            ]
        },
    },
    "yard",
)
FAR = 1_000_000.0


def place(moving: np.ndarray) -> Place:
    """A camera far from the map's origin, which looks along z; column 30, row 20 is its axis."""

    k = np.array([[100.0, 0, 30], [0, 100, 20], [0, 0, 1]])
    calibration = Calibration(60, 40, k, p=np.hstack([k, np.zeros((3, 1))]))
    nothing = np.zeros((40, 60), np.uint8)
    label_map = LabelMap("front", nothing, nothing, 0, "camera", calibration)
    T_camera_map = np.eye(4)
    T_camera_map[0, 3] = -FAR
    view = View(
        PreparedLabelMap(label_map), CameraModel.from_calibration(calibration), T_camera_map
    )
    return Place(view, zlib.compress(np.packbits(moving).tobytes()))


def labelled(moving: np.ndarray | None = None, **wishes: float):
    """Four voxels side by side, 5 m away and 5x5 pixels large, in rows 18 to 22."""
    voxels = Voxels(
        xyz=np.array([[FAR + x, 0.0, 5.0] for x in (-1, -0.5, 0.5, 1)]),
        labels=np.uint8([3, 7, 3, 0]),
        confidence=np.float32([0.9, 0.8, 0.5, 0.9]),
        counts=np.uint32([6, 5, 9, 9]),
        stamp_ns=0,
        centre=np.zeros(3),
    )
    blocked = np.zeros((40, 60), np.bool_) if moving is None else moving
    labeller = GeometryLabeller(
        voxels,
        {"front_0": place(blocked)},
        Agreement(**{"views": 5, "share": 0.75, "voxel_m": 0.4, **wishes}),
        Words.of_classes(ONTOLOGY),
        ONTOLOGY,
        "geometry",
    )
    frames = [NamedFrame(name, np.zeros((40, 60, 3), np.uint8)) for name in ("front_0", "front_9")]
    return labeller.label(frames)


def test_a_pixel_takes_the_label_that_enough_views_agree_on():
    taught, lost = labelled()
    # Middles at columns 10, 20, 40 and 50: grass, wall, grass of too small a share, a person.
    assert taught.labels[20, [10, 20, 40, 50]].tolist() == [1, 2, 255, 255]
    assert taught.confidence[20, [10, 20, 40]].tolist() == [230, 204, 0]
    assert (taught.labels != 255).sum() == 2 * 25
    assert (lost.labels == 255).all()
    assert taught.issues == ()
    (issue,) = lost.issues
    assert issue.code == "picture_not_placed"
    assert "nobody knows where it was taken: the replay did not label it" in issue.sentence


def test_the_number_of_views_decides():
    taught, _ = labelled(views=6)
    assert taught.labels[20, [10, 20]].tolist() == [1, 255]


def test_who_said_what_names_views_and_share():
    taught, _ = labelled()
    assert taught.regions == [
        {"label": "grass", "teacher": "geometry", "views": 6.0, "score": 0.9, "area": 25,
         "bbox": (8, 18, 5, 5)},
        {"label": "wall", "teacher": "geometry", "views": 5.0, "score": 0.8, "area": 25,
         "bbox": (18, 18, 5, 5)},
    ]  # fmt: skip


def test_where_the_model_sees_what_moves_nothing_is_painted():
    moving = np.zeros((40, 60), np.bool_)
    moving[:, :11] = True
    taught, _ = labelled(moving)
    # Columns 8 to 10 of the first voxel are the person's.
    assert taught.labels[20, 8:13].tolist() == [255, 255, 255, 1, 1]


def label(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["label", *map(str, arguments)])
    return done.exit_code, done.stdout, " ".join(done.stderr.split())


def test_a_bag_at_rest_has_no_motion(world, tmp_path: Path):
    code, _, errors = label(
        world.bag(), "-o", tmp_path / "out", "--teacher", "geometry", "--bundle", world.bundle
    )
    assert code == 2
    assert "there is no odometry" in errors


def test_mistakes_are_one_sentence(world, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((20, 30, 3), np.uint8))
    bag = world.bag()
    always = ("-o", tmp_path / "out", "--teacher", "geometry")
    cases = [
        ((tmp_path / "photo.png", *always), "needs a bag with lidar and odometry"),
        ((bag, *always, "--prompts", "boxes"), "has the model's own classes"),
        ((bag, *always, "--agree", "view=3"), "views, share, apart_m, voxel_m"),
    ]
    for arguments, said in cases:
        code, _, errors = label(*arguments)
        assert code == 2, (said, errors)
        assert said in errors


@pytest.mark.long
def test_a_simulated_drive_is_labelled_and_can_teach(tmp_path: Path):
    from seg_perception.datasets.layouts import open_folder

    bag = tmp_path / "drive.mcap"
    sizes = ["camera_width=240", "camera_height=136", "camera_rate_hz=5", "lidar_rate_hz=5"]
    few = [*sizes, "lidar_beams=32", "lidar_columns=512", "radar_rate_hz=1"]
    asked = [part for entry in few for part in ("--set", entry)]
    done = CliRunner().invoke(app, ["simulate", "-o", str(bag), "--duration", "6", *asked])
    assert done.exit_code == 0, done.output
    out = tmp_path / "out"
    code, text, errors = label(bag, "-o", out, "--teacher", "geometry", "--every", "5", "--json")
    assert code == 0, errors
    assert json.loads(text)["unlabelled"] < 0.95
    folder = open_folder(out)
    assert len(folder.pairs) == json.loads(text)["frames"]
    regions = [json.loads(line) for line in (out / "regions.jsonl").read_text().splitlines()]
    assert {region["teacher"] for region in regions} == {"geometry"}
    assert all(region["views"] >= 5 for region in regions)
    assert not {"person", "vehicle"} & {region["label"] for region in regions}

"""A generator's pictures: copies and leaks are found, others are not taken for them."""

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from seg_perception.active_learning.generated import take_generated
from seg_perception.cli.main import app
from seg_perception.core.errors import DatasetError
from seg_perception.datasets.copies import KnownPictures, picture_print
from seg_perception.datasets.layouts import open_folder


def scene(seed, size=(48, 64)):
    """Smooth patches of light, as pictures have them."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)


def test_coding_scaling_noise_and_mirrors_do_not_hide_a_copy():
    known = KnownPictures()
    for seed in range(5):
        known.add(f"scene {seed}", picture_print(scene(seed)))
    picture = scene(3)
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])
    noise = np.random.default_rng(9).normal(0, 8, picture.shape)
    copies = [
        cv2.imdecode(coded, cv2.IMREAD_COLOR),
        cv2.resize(picture, (160, 100), interpolation=cv2.INTER_LINEAR),
        np.clip(picture + noise, 0, 255).astype(np.uint8),
        np.clip(picture.astype(int) + 20, 0, 255).astype(np.uint8),
        np.ascontiguousarray(picture[:, ::-1]),
    ]
    assert [known.same_as(picture_print(copy)) for copy in copies] == ["scene 3"] * 5


def test_other_pictures_are_no_copies():
    known = KnownPictures()
    for seed in range(40):
        found = picture_print(scene(seed))
        assert known.same_as(found) == ""
        known.add(str(seed), found)


def test_two_that_show_nothing_are_the_same():
    known = KnownPictures()
    known.add("grey", picture_print(np.full((48, 64, 3), 100, np.uint8)))
    assert known.same_as(picture_print(np.full((48, 64, 3), 130, np.uint8))) == "grey"
    assert known.same_as(picture_print(scene(1))) == ""


def write(root, pictures, masks=None):
    for name, picture in pictures.items():
        mask = (masks or {}).get(name, np.zeros(picture.shape[:2], np.uint8))
        for part, pixels in {"images": picture, "masks_src": mask}.items():
            (root / part).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / part / f"{name}.png"), pixels)
    classes = [{"id": n, "name": c, "color": f"#0000{n}f"} for n, c in enumerate(("log", "tree"))]
    space = {"name": "own", "classes": classes}
    (root / "ontology.yaml").write_text(yaml.safe_dump(space))
    return root


@pytest.fixture
def folders(tmp_path):
    """Of six pictures one is held out, one a mirror image, and two masks do not fit."""
    held_out = write(tmp_path / "validation", {"v": scene(1)})
    pictures = {"a": scene(2), "b": scene(1), "c": scene(2)[:, ::-1].copy(), "d": scene(4)}
    pictures |= {"e": scene(5), "f": scene(6)}
    masks = {
        "e": np.full((48, 64), 7, np.uint8),
        "f": np.zeros((24, 32), np.uint8),
        "d": np.ones((48, 64), np.uint8),
    }
    return write(tmp_path / "made", pictures, masks), held_out


def test_what_is_left_is_a_folder_for_training(folders, tmp_path):
    source, held_out = folders
    summary = take_generated(source, tmp_path / "clean", [held_out])
    assert {entry.name: entry.why for entry in summary.left_out} == {
        "b": "the same as validation/v, held out",
        "c": "the same as a, of this folder",
        "e": "its mask has ids [7] that the ontology lacks",
        "f": "its mask has 32x24 pixels, the picture 64x48",
    }
    assert summary.pixels == {"log": 0.5, "tree": 0.5}
    assert [pair.name for pair in open_folder(tmp_path / "clean").pairs] == ["a", "d"]


def test_the_command_names_each(folders, tmp_path):
    source, held_out = folders
    arguments = ["generated", source, "-o", tmp_path / "clean", "--held-out", held_out]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    assert "left out b: the same as validation/v, held out" in done.stdout
    assert "2 pictures, 4 left out; log 50.0%, tree 50.0%" in done.stdout


def test_nothing_is_written_where_nothing_is_left(tmp_path):
    made = write(tmp_path / "made", {"a": scene(1)})
    with pytest.raises(DatasetError, match="no picture is left; a: the same as made/a, held out"):
        take_generated(made, tmp_path / "clean", [made])
    assert not (tmp_path / "clean").exists()
    (made / "ontology.yaml").unlink()
    with pytest.raises(DatasetError, match="names no classes"):
        take_generated(made, tmp_path / "clean", [])

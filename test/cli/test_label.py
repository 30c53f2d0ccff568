"""`seg-perception label` from the command line."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="the model of these tests is made with onnx")

from seg_perception.cli.main import app
from seg_perception.core.ontology import Ontology


def label(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["label", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Red, green and blue stripes of two sizes, one in a sub-folder."""
    for name, (width, height) in {"a.png": (90, 40), "drive/b.jpg": (60, 96)}.items():
        stripes = np.arange(width) * 3 // width
        image = np.broadcast_to(np.eye(3, dtype=np.uint8)[stripes] * 200, (height, width, 3))
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), image[..., ::-1].copy())
    return tmp_path / "photos"


def test_labels_at_the_images_own_size_from_several_views(
    photos: Path, tmp_path: Path, colour_model
) -> None:
    bundle = colour_model.write(tmp_path, 32, 16)
    views = ("--base", "image", "--scale", "1", "--scale", "1.5", "--flip", "--json")
    code, text, errors = label(photos, "-o", tmp_path / "out", "--bundle", bundle, *views)
    assert (code, errors) == (0, "")
    assert json.loads(text)["images"] == 2
    for name, (width, height) in {"a.png": (90, 40), "drive/b.png": (60, 96)}.items():
        labels = cv2.imread(str(tmp_path / "out" / name), cv2.IMREAD_UNCHANGED)
        want = np.broadcast_to(np.arange(width) * 3 // width, (height, width))
        # JPEG and scaling blur the two boundaries.
        assert labels.shape == want.shape
        assert (labels == want).mean() > 0.95
    named = Ontology.load(str(tmp_path / "out" / "ontology.yaml"))
    assert [c.name for c in named.classes] == ["red", "green", "blue"]


def test_mistakes_are_one_sentence(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    cases = [
        ((photos, "-o", tmp_path / "used"), "used exists; remove it"),
        ((photos, "-o", photos / "labels"), "lies inside"),
        ((tmp_path / "used", "-o", tmp_path / "new"), "expected a folder with PNG or JPEG images"),
    ]
    for arguments, message in cases:
        code, text, errors = label(*arguments)
        assert (code, text) == (2, "")
        assert message in errors
    (photos / "a.jpg").write_bytes(b"no image")
    code, _, errors = label(photos, "-o", tmp_path / "new")
    assert code == 2
    assert "two images would share" in errors


def test_a_broken_image_is_named(photos: Path, tmp_path: Path, colour_model) -> None:
    (photos / "c.png").write_bytes(b"no image")
    bundle = colour_model.write(tmp_path, 32, 16)
    code, _, errors = label(photos, "-o", tmp_path / "out", "--bundle", bundle)
    assert code == 2
    assert "c.png: can't be decoded as an image" in errors

"""`seg-perception label` from the command line."""

import json
import re
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
        ((tmp_path / "used", "-o", tmp_path / "new"), "expected a folder with images (.jpg,"),
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


def stripes(width: int = 96, height: int = 48) -> np.ndarray:
    """Red, green and blue from left to right, RGB."""
    rgb = np.eye(3, dtype=np.uint8)[np.arange(width) * 3 // width] * 200
    return np.broadcast_to(rgb, (height, width, 3)).copy()


def ids(file: Path) -> np.ndarray:
    return cv2.imread(str(file), cv2.IMREAD_UNCHANGED)


def test_one_image_gets_ids_an_overlay_and_a_legend(tmp_path: Path, colour_model) -> None:
    photo, out = tmp_path / "one.photo.png", tmp_path / "out"
    cv2.imwrite(str(photo), stripes()[..., ::-1])
    bundle = colour_model.write(tmp_path, 32, 16)
    code, text, errors = label(photo, "-o", out, "--bundle", bundle)
    assert (code, errors) == (0, "")
    assert f"look at {out / 'overlays'}" in text
    found = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert found == ["legend.png", "one.photo.png", "ontology.yaml", "overlays/one.photo.jpg"]
    assert [int(ids(out / "one.photo.png")[24, x]) for x in (16, 48, 80)] == [0, 1, 2]
    # Half the picture's colour, half the class's.
    ontology = Ontology.load(str(out / "ontology.yaml"))
    overlay = cv2.imread(str(out / "overlays/one.photo.jpg"))[..., ::-1].astype(int)
    for number, x in enumerate((16, 48, 80)):
        mixed = (stripes()[24, x] + ontology.palette[number].astype(int)) / 2
        assert np.abs(overlay[24, x] - mixed).max() < 16
    legend = cv2.imread(str(out / "legend.png"))[..., ::-1]
    assert legend[16, 17].tolist() == ontology.palette[0].tolist()


def test_a_video_is_labelled_picture_by_picture(tmp_path: Path, colour_model) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed; pip install av")
    from seg_perception.io.video_writer import video_writer

    drive, out, film = tmp_path / "drive.mp4", tmp_path / "out", tmp_path / "film.mp4"
    with video_writer(drive) as video:
        for n in range(7):
            video.add(np.roll(stripes(), 32 * n, axis=1), n * 250_000_000)
    bundle = colour_model.write(tmp_path, 32, 16)
    options = ("--bundle", bundle, "--every", 3, "--video", film, "--json")
    code, text, errors = label(drive, "-o", out, *options)
    assert (code, errors) == (0, "")
    assert json.loads(text)["images"] == json.loads(text)["video"]["pictures"] == 3
    names = [f"{n:06d}" for n in (0, 3, 6)]
    assert [p.stem for p in sorted((out / "drive").iterdir())] == names
    assert [p.stem for p in sorted((out / "overlays/drive").iterdir())] == names
    # Three times a third of the width: the first picture again.
    assert [int(ids(out / "drive/000003.png")[24, x]) for x in (16, 48, 80)] == [0, 1, 2]
    with av.open(str(film)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([0, 0.75, 1.5], abs=1e-4)


def test_every_second_picture_differs_from_the_first(tmp_path: Path, colour_model) -> None:
    pytest.importorskip("av", reason="PyAV is not installed; pip install av")
    from seg_perception.io.video_writer import video_writer

    with video_writer(tmp_path / "drive.mp4") as video:
        for n in range(2):
            video.add(np.roll(stripes(), 32 * n, axis=1), n * 250_000_000)
    bundle = colour_model.write(tmp_path, 32, 16)
    assert label(tmp_path / "drive.mp4", "-o", tmp_path / "out", "--bundle", bundle)[0] == 0
    labels = ids(tmp_path / "out/drive/000001.png")
    assert [int(labels[24, x]) for x in (16, 48, 80)] == [2, 0, 1]


def test_what_is_left_out_is_said(photos: Path, tmp_path: Path, colour_model) -> None:
    for name in ("IMG_1.HEIC", "IMG_2.HEIC", "clip.mov", "notes.txt"):
        (photos / name).write_bytes(b"x")
    bundle = colour_model.write(tmp_path, 32, 16)
    code, _, errors = label(photos, "-o", tmp_path / "out", "--bundle", bundle)
    assert code == 0
    assert errors == (
        "note: left out: 2 .heic, 1 .mov; label videos one by one, convert photographs to JPEG\n"
    )
    (tmp_path / "phone").mkdir()
    (tmp_path / "phone" / "IMG_1.HEIC").write_bytes(b"x")
    code, _, errors = label(tmp_path / "phone", "-o", tmp_path / "new")
    assert code == 2
    assert "got 1 .heic; convert it to PNG or JPEG" in errors


def test_a_legend_among_the_photos_is_told_from_ours(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos/legend.jpg"), stripes())
    code, _, errors = label(tmp_path / "photos", "-o", tmp_path / "out")
    assert code == 2
    assert "its labels would take the legend's place; rename it" in errors


def test_what_is_no_photograph_is_refused_before_the_model_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.mp4").write_text("x")
    cases = {
        "a.txt": "expected .jpg, .jpeg, .png, .webp, .bmp, .tif, .tiff or a video, got .txt",
        "b.jpg": "expected an image, a folder or a video, got no such file",
        "a.mp4": "can't be read as a video",
    }
    for name, message in cases.items():
        code, text, errors = label(tmp_path / name, "-o", tmp_path / "out", "--bundle", "none")
        assert (code, text) == (2, "")
        assert message in errors
    assert not (tmp_path / "out").exists()


def test_the_folder_is_scored_as_before(tmp_path: Path, colour_model) -> None:
    for folder in ("images", "labels"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "set/images/a.png"), stripes()[..., ::-1])
    truth = np.broadcast_to(np.arange(96) * 3 // 96, (48, 96)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "set/labels/a.png"), truth)
    bundle, out = colour_model.write(tmp_path, 32, 16), tmp_path / "out"
    assert label(tmp_path / "set/images", "-o", out, "--bundle", bundle)[0] == 0
    meaning = ("--model-ontology", out / "ontology.yaml", "--truth-ontology", out / "ontology.yaml")
    arguments = ("evaluate", tmp_path / "set", "--predictions", out, *meaning, "--json")
    done = CliRunner().invoke(app, [*map(str, arguments), "-o", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    accuracy = re.search(r'"key": "accuracy",[^}]*"value": ([0-9.]+),', done.stdout)
    assert float(accuracy[1]) == pytest.approx(100 * (ids(out / "a.png") == truth).mean())

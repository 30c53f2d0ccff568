"""CVAT's archives, there and back."""

import json
import zipfile

import cv2
import numpy as np
import pytest
from full_disk import full_disk

from fuzz import bombs
from seg_perception.active_learning import cvat
from seg_perception.active_learning.corrections import take_corrections
from seg_perception.active_learning.cvat import (
    CvatArchive,
    distinct_colors,
    label_specification,
    read_masks,
)
from seg_perception.active_learning.folder import LabellingFolder
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.io.bounded import Bound

MASK = "SegmentationClass/front_1.png"
LABELS = np.array([[0, 1, 1], [2, 255, 0]], np.uint8)


@pytest.fixture
def archive(make, tmp_path):
    path = tmp_path / "masks.zip"
    with CvatArchive(path, make.ontology("sky", "trail", "tree")) as written:
        written.add("front_1", LABELS)
    return path


def test_the_archive_is_laid_out_as_cvat_documents_it(archive):
    with zipfile.ZipFile(archive) as read:
        assert sorted(read.namelist()) == [
            "ImageSets/Segmentation/default.txt",
            "SegmentationClass/front_1.png",
            "labelmap.txt",
        ]
        assert read.read("ImageSets/Segmentation/default.txt") == b"front_1\n"
        assert read.read("labelmap.txt").decode().splitlines() == [
            "# label:color_rgb:parts:actions",
            "background:0,0,0::",
            "sky:255,0,0::",
            "trail:0,255,0::",
            "tree:0,0,255::",
        ]
        data = np.frombuffer(read.read("SegmentationClass/front_1.png"), np.uint8)
    rgb = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    assert rgb[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 255, 0]]
    assert rgb[1].tolist() == [[0, 0, 255], [0, 0, 0], [255, 0, 0]]


def test_labels_come_back(make, archive):
    ((name, labels),) = read_masks(archive, make.ontology("sky", "trail", "tree"))
    assert name == "front_1"
    assert (labels == LABELS).all()


@pytest.mark.parametrize("name", shipped())
def test_no_two_classes_have_one_colour_and_none_is_background(name):
    colors = distinct_colors(Ontology.load(name))
    assert len({*colors.values(), (0, 0, 0)}) == len(colors) + 1


def test_colours_change_only_where_they_must():
    goose = Ontology.load("goose")
    colors = distinct_colors(goose)
    changed = [c.name for c in goose.classes if colors[c.name] != c.rgb]
    assert "hedge" in changed
    assert "snow" not in changed
    nearby = [np.abs(np.subtract(colors[c.name], c.rgb)).sum() for c in goose.classes]
    assert max(nearby) < 8


def test_the_label_constructor_gets_names_and_colours(make):
    labels = json.loads(label_specification(make.ontology("sky", "trail")))
    assert [(label["name"], label["color"]) for label in labels] == [
        ("sky", "#ff0000"),
        ("trail", "#00ff00"),
    ]


def rewritten(archive, path, changes):
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labelmap.txt": "sky:1,2,3::\n"}, r"colours \['#000000', .*not in labelmap.txt"),
        (
            {"labelmap.txt": "cloud:1,2,3::\n"},
            "label 'cloud' is no class of ontology own",
        ),
        ({"labelmap.txt": "sky:red::\n"}, "expected a zip that CVAT exported"),
        ({"SegmentationClass/front_1.png": "none"}, "can't be decoded .*; export it again"),
    ],
)
def test_a_bad_archive_is_one_sentence(make, archive, tmp_path, changes, message):
    bad = rewritten(archive, tmp_path / "bad.zip", changes)
    with pytest.raises(DatasetError, match=message):
        list(read_masks(bad, make.ontology("sky", "trail", "tree")))


def test_masks_of_gigabytes_are_refused_unread(make, archive, tmp_path, monkeypatch):
    """Pixels, number, and the zip itself: what would be 10 GB of memory and 20 GiB unpacked."""
    ontology = make.ontology("sky", "trail", "tree")
    wide = rewritten(archive, tmp_path / "wide.zip", {MASK: bombs.picture(20000, 20000)})
    with pytest.raises(DatasetError, match="declares 20000x20000"):
        list(read_masks(wide, ontology))
    grown = tmp_path / "grown.zip"
    grown.write_bytes(bombs.zipped({"labelmap.txt": b"", MASK: bytes(80 << 20)}))
    with pytest.raises(DatasetError, match="expected at most 67108864 bytes unpacked, got"):
        list(read_masks(grown, ontology))
    monkeypatch.setattr(cvat, "_PIXELS", Bound(free_bytes=4, growth=0, most_bytes=10))
    with pytest.raises(DatasetError, match="masks of at most 4 pixels in all"):
        list(read_masks(archive, ontology))


def test_a_large_mask_is_read_block_by_block(make, archive, monkeypatch):
    monkeypatch.setattr(cvat, "_BLOCK_PIXELS", 1)
    ((_, labels),) = read_masks(archive, make.ontology("sky", "trail", "tree"))
    assert (labels == LABELS).all()


def test_no_archive_at_all_is_one_sentence(make, tmp_path):
    (tmp_path / "text.zip").write_text("no zip")
    for path in (tmp_path / "text.zip", tmp_path / "missing.zip"):
        with pytest.raises(DatasetError, match="expected a zip that CVAT exported"):
            list(read_masks(path, make.ontology("sky")))


@pytest.mark.parametrize("name", ["a:b", "background", "a#b", "a\nb"])
def test_a_name_that_the_label_map_can_t_hold_is_refused(make, tmp_path, name):
    with pytest.raises(DatasetError, match="CVAT's label map can't hold it; rename the class"):
        CvatArchive(tmp_path / "x.zip", make.ontology(name))


@pytest.fixture
def folder(make, tmp_path):
    path = tmp_path / "mined"
    with LabellingFolder(path, make.ontology("sky", "trail", "tree")) as written:
        written.add("front_1", np.zeros((2, 3, 3), np.uint8), LABELS)
    return path


def test_corrections_replace_masks_and_say_how_much_changed(folder, make, tmp_path):
    corrected = LABELS.copy()
    corrected[1] = 1
    with CvatArchive(tmp_path / "new.zip", make.ontology("sky", "trail", "tree")) as written:
        written.add("front_1", corrected)
    (correction,) = take_corrections(folder, tmp_path / "new.zip")
    assert (correction.name, correction.changed) == ("front_1", 0.5)
    mask = cv2.imread(str(folder / "masks_src" / "front_1.png"), cv2.IMREAD_UNCHANGED)
    assert (mask == corrected).all()


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("front_2", LABELS, "front_2.png not found: the export is of another folder"),
        ("front_1", LABELS[:1], r"expected a mask of \(2, 3\), got \(1, 3\)"),
    ],
)
def test_masks_of_something_else_are_refused(folder, make, tmp_path, name, labels, message):
    with CvatArchive(tmp_path / "new.zip", make.ontology("sky", "trail", "tree")) as written:
        written.add("front_1", LABELS * 0)
        written.add(name, labels) if name != "front_1" else None
    if name == "front_1":
        with CvatArchive(tmp_path / "new.zip", make.ontology("sky", "trail", "tree")) as written:
            written.add(name, labels)
    before = (folder / "masks_src" / "front_1.png").read_bytes()
    with pytest.raises(DatasetError, match=message):
        take_corrections(folder, tmp_path / "new.zip")
    assert (folder / "masks_src" / "front_1.png").read_bytes() == before


def test_a_full_disk_replaces_no_mask_and_says_so(folder, make, tmp_path):
    """PNGs of noise are larger than the masks that are there, and than the room that is left."""
    noise = np.random.default_rng(1).integers(0, 3, (64, 64), np.uint8)
    for name in ("front_1", "front_2"):
        cv2.imwrite(str(folder / "masks_src" / f"{name}.png"), noise * 0)
    with CvatArchive(tmp_path / "new.zip", make.ontology("sky", "trail", "tree")) as written:
        written.add("front_1", noise * 0 + 1)
        written.add("front_2", noise)
    before = {path: path.read_bytes() for path in (folder / "masks_src").iterdir()}
    with full_disk(500), pytest.raises(DatasetError, match="can't be written"):
        take_corrections(folder, tmp_path / "new.zip")
    assert {path: path.read_bytes() for path in (folder / "masks_src").iterdir()} == before
    assert not list(folder.glob(".*"))


def test_an_empty_export_is_one_sentence(folder, make, tmp_path):
    with CvatArchive(tmp_path / "new.zip", make.ontology("sky")):
        pass
    with pytest.raises(DatasetError, match="holds no mask"):
        take_corrections(folder, tmp_path / "new.zip")

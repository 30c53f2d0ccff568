"""Images and masks as people name them."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.color_table import find_color_table
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.masks import read_ids

IDS = np.array([[1, 2, 3, 4, 255, 0]] * 4, np.uint8)
COLORS = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 4: (0, 0, 128)}


def image(path, value=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((4, 6, 3), value, np.uint8))


def mask(path, ids=IDS):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), ids)


def painted(ids, table):
    rgb = np.zeros((*ids.shape, 3), np.uint8)
    for number, color in table.items():
        rgb[ids == number] = color
    return rgb[..., ::-1]


@pytest.mark.parametrize(
    ("photo", "labels", "taken"),
    [
        ("images/a.jpg", "masks/a.png", "images/ with masks/"),
        ("images/a.jpg", "labels/a.png", "images/ with labels/"),
        ("images/a.png", "annotations/a.png", "images/ with annotations/"),
        ("img/a.jpeg", "gt/a_gt.png", "img/ with gt/"),
        ("rgb/a_rgb.png", "mask/a_mask.png", "rgb/ with mask/"),
        ("images/a.JPG", "labels/a_labelIds.png", "images/ with labels/"),
        ("images/north/a.jpg", "masks/north/a.png", "images/ with masks/"),
        ("a.jpg", "a.png", "each image with the mask beside it"),
        ("a.png", "a_mask.png", "each image with the mask beside it"),
        ("drive/a.jpg", "drive/a_label.png", "each image with the mask beside it"),
    ],
)
def test_masks_are_found_by_the_usual_names(tmp_path, photo, labels, taken):
    image(tmp_path / photo)
    mask(tmp_path / labels)
    folder = open_folder(tmp_path)
    assert folder.taken == taken
    assert [(p.image, p.labels) for p in folder.pairs] == [(tmp_path / photo, tmp_path / labels)]
    assert (folder.read(folder.pairs[0]) == IDS).all()
    assert taken in folder.description
    assert folder.notes == ()


def test_what_has_no_partner_is_said(tmp_path):
    for name in "abc":
        image(tmp_path / f"images/{name}.jpg")
    for name in "ad":
        mask(tmp_path / f"masks/{name}.png")
    folder = open_folder(tmp_path)
    assert [p.name for p in folder.pairs] == ["a"]
    assert folder.notes == (
        "2 images left out, no mask in masks/: b.jpg, c.jpg",
        "1 mask left out, no image in images/: d.png",
    )


def test_a_second_folder_of_masks_is_said(tmp_path):
    image(tmp_path / "images/a.jpg")
    mask(tmp_path / "masks/a.png")
    mask(tmp_path / "labels/a.png")
    folder = open_folder(tmp_path)
    assert folder.taken == "images/ with masks/"
    assert folder.notes == ("labels/ has masks of these names, too: not taken",)


def test_names_that_do_not_fit_are_shown(tmp_path):
    image(tmp_path / "images/a.jpg")
    mask(tmp_path / "masks/scene_1.png")
    with pytest.raises(DatasetError, match=r"no mask in masks/ .*such as a\.jpg and scene_1\.png"):
        open_folder(tmp_path)


@pytest.mark.parametrize("place", ["images/{split}/{name}", "{split}/images/{name}"])
def test_splits_are_known_by_their_folders(tmp_path, place):
    for split, name in (("train", "a"), ("train", "b"), ("valid", "c"), ("test", "d")):
        image(tmp_path / place.format(split=split, name=f"{name}.jpg"))
        mask(tmp_path / place.format(split=split, name=f"{name}.png").replace("images", "masks"))
    everything = open_folder(tmp_path, split="all")
    assert {p.name: p.split for p in everything.pairs} == {
        "a": "train",
        "b": "train",
        "c": "val",
        "d": "test",
    }
    assert {p.key for p in everything.pairs} == {"a", "b", "c", "d"}
    usual = open_folder(tmp_path)
    assert [p.name for p in usual.pairs] == ["c"]
    assert usual.taken.endswith("split val")
    assert [p.name for p in open_folder(tmp_path, split="train").pairs] == ["a", "b"]
    with pytest.raises(DatasetError, match=r"no images of split 'field'.*'test', 'train', 'val'"):
        open_folder(tmp_path, split="field")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "labelmap.txt",
            "# parts\nbackground:0,0,0::\na:128,0,0::\nb:0,128,0::\nc:128,128,0::\nd:0,0,128::\n",
        ),
        (
            "class_dict.csv",
            "name,r,g,b\nbackground,0,0,0\na,128,0,0\nb,0,128,0\nc,128,128,0\nd,0,0,128\n",
        ),
        (
            "label_colors.txt",
            "0 0 0\tbackground\n128 0 0\ta\n0 128 0\tb\n128 128 0\tc\n0 0 128\td\n",
        ),
        (
            "own_colormap.txt",
            "0 background 0 0 0\n1 a 128 0 0\n2 b 0 128 0\n3 c 128 128 0\n4 d 0 0 128\n",
        ),
    ],
)
def test_colours_are_ids_by_the_table_beside_them(tmp_path, name, text):
    ids = np.array([[1, 2, 3, 4, 0, 0]] * 4, np.uint8)
    image(tmp_path / "images/a.jpg")
    mask(tmp_path / "masks/a.png", painted(ids, COLORS))
    (tmp_path / name).write_text(text)
    folder = open_folder(tmp_path)
    assert (folder.read(folder.pairs[0]) == ids).all()
    assert dict(folder.ontology.names) == {0: "background", 1: "a", 2: "b", 3: "c", 4: "d"}
    assert name in folder.description
    # For CVAT it is what nobody has labelled.
    assert folder.ontology.ignore == (("background",) if name == "labelmap.txt" else ())
    mask(tmp_path / "masks/a.png", painted(ids, {**COLORS, 4: (1, 2, 3)}))
    with pytest.raises(DatasetError, match=rf"colours \['#010203'\] are not in {name}"):
        folder.read(folder.pairs[0])


def test_a_table_that_is_none_is_named(tmp_path):
    (tmp_path / "labelmap.txt").write_text("grass:0,300,0::\n")
    with pytest.raises(DatasetError, match=r"labelmap\.txt: expected a class and its red"):
        find_color_table(tmp_path)
    (tmp_path / "labelmap.txt").write_text("# nothing\n")
    with pytest.raises(DatasetError, match=r"labelmap\.txt: expected .* got no line"):
        find_color_table(tmp_path)


def test_colours_without_a_table_are_those_of_a_named_ontology(tmp_path):
    from seg_perception.core.ontology import Ontology

    field = Ontology.load("field")
    ids = np.array([[0, 1, 3, 17, 16, 8]] * 4, np.uint8)
    image(tmp_path / "images/a.jpg")
    mask(tmp_path / "masks/a.png", field.palette[ids][..., ::-1])
    folder = open_folder(tmp_path)
    with pytest.raises(DatasetError, match=r"holds colours, .* labelmap.txt"):
        folder.read(folder.pairs[0])
    assert (folder.painted_in(field).read(folder.pairs[0]) == ids).all()


def test_grey_that_was_saved_as_colours_is_ids(tmp_path):
    mask(tmp_path / "a.png", np.repeat(IDS[..., None], 3, axis=2))
    assert (read_ids(tmp_path / "a.png") == IDS).all()


def palette_png(ids, depth, table):
    """A PNG with a palette, by the letter of its specification (ISO 15948)."""
    height, width = ids.shape

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    bits = np.unpackbits(ids[..., None], axis=2)[..., 8 - depth :].reshape(height, -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in bits)
    header = struct.pack(">IIBBBBB", width, height, depth, 3, 0, 0, 0)
    palette = b"".join(bytes(color) for color in table)
    parts = [chunk(b"IHDR", header), chunk(b"PLTE", palette), chunk(b"tRNS", b"\0")]
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_holds_ids_whatever_its_colours_are(tmp_path, depth):
    most = (1 << depth) - 1
    ids = np.array([[0, 1, most, 0, 1, most, 1]] * 3, np.uint8)
    # Two classes of one colour: only their places tell them apart.
    table = [(9, 9, 9), (9, 9, 9), *[(200, 30, 3)] * (most - 1)]
    (tmp_path / "a.png").write_bytes(palette_png(ids, depth, table))
    found = read_ids(tmp_path / "a.png")
    assert found.dtype == np.uint8
    assert found.tolist() == ids.tolist()


def test_a_table_of_colours_explains_a_palette(tmp_path):
    ids = np.array([[0, 1, 2]] * 2, np.uint8)
    image(tmp_path / "images/a.jpg")
    (tmp_path / "masks").mkdir()
    shuffled = [COLORS[2], COLORS[0], COLORS[1]]
    (tmp_path / "masks/a.png").write_bytes(palette_png(ids, 8, shuffled))
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\na:128,0,0::\nb:0,128,0::\n")
    folder = open_folder(tmp_path)
    assert folder.read(folder.pairs[0])[0].tolist() == [2, 0, 1]

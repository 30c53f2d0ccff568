"""Outlines and run lengths of annotation tools, against pixels counted by hand."""

import json

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.shapes import Shape, decode_runs, draw_shapes, unpack_runs

H, W = 6, 8


def image(path, size=(H, W)):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((*size, 3), 90, np.uint8))


def square(left, top, right, bottom):
    return [left, top, right, top, right, bottom, left, bottom]


def expected(*boxes):
    """Ids by half-open boxes, later ones above; 255 elsewhere."""
    ids = np.full((H, W), 255, np.uint8)
    for number, left, top, right, bottom in boxes:
        ids[top:bottom, left:right] = number
    return ids


def test_an_outline_covers_the_pixels_whose_centres_it_holds():
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    ids = draw_shapes([Shape(0, (triangle,))], (5, 5), 1)
    assert (ids == 0).astype(int).tolist() == [
        [1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_outlines_agree_with_the_point_in_polygon_test():
    rng = np.random.default_rng(5)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = rng.uniform(4, 14, 9)
    outline = 15.3 + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    ids = draw_shapes([Shape(0, (outline,))], (30, 30), 1)
    corners = outline.astype(np.float32)
    wanted = [
        [
            cv2.pointPolygonTest(corners, (x + 0.5, y + 0.5), measureDist=False) > 0
            for x in range(30)
        ]
        for y in range(30)
    ]
    assert ((ids == 0) == np.array(wanted)).all()


def test_runs_of_columns_and_their_packed_text():
    # 3 x 4 pixels, the second column and the first pixel of the third are set.
    assert decode_runs([3, 4, 5], (3, 4)).tolist() == [
        [False, True, True, False],
        [False, True, False, False],
        [False, True, False, False],
    ]
    # By cocoapi's rleToString: 3, 4, 5, then 2 - 4 = -2 and 40 - 5 = 35.
    assert unpack_runs("345NS1") == [3, 4, 5, 2, 40]
    with pytest.raises(ValueError, match="11 pixels in 4x3"):
        decode_runs([3, 3, 5], (3, 4))
    with pytest.raises(ValueError, match="end within a number"):
        unpack_runs("34P")


@pytest.fixture
def coco(tmp_path):
    image(tmp_path / "images/a.jpg")
    image(tmp_path / "images/b.jpg")
    runs = {"size": [H, W], "counts": [0, H, H * (W - 1)]}
    document = {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": W, "height": H},
            {"id": 9, "file_name": "gone.jpg", "width": W, "height": H},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [square(1, 1, 7, 5)]},
            {"id": 2, "image_id": 7, "category_id": 1, "segmentation": [square(2, 2, 4, 4)]},
            {"id": 3, "image_id": 7, "category_id": 2, "segmentation": runs, "iscrowd": 1},
        ],
        "categories": [
            {"id": 1, "name": "trunk"},
            {"id": 2, "name": "sky"},
            {"id": 3, "name": "grass"},
        ],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_val2017.json").write_text(json.dumps(document))
    return tmp_path


def test_coco_draws_large_objects_first(coco):
    folder = open_folder(coco)
    assert folder.layout == "coco"
    assert [(p.name, p.split) for p in folder.pairs] == [("a", "val")]
    wanted = expected((3, 1, 1, 7, 5), (2, 0, 0, 1, H), (1, 2, 2, 4, 4))
    assert (folder.read(folder.pairs[0]) == wanted).all()
    assert dict(folder.ontology.names) == {1: "trunk", 2: "sky", 3: "grass"}
    assert folder.notes == ("1 images named are not there: gone.jpg",)
    assert "pixels without an object have no truth" in folder.description


def test_coco_boxes_are_no_pixels(coco):
    path = coco / "annotations/instances_val2017.json"
    document = json.loads(path.read_text())
    document["annotations"][0] = {"id": 5, "image_id": 7, "category_id": 3, "bbox": [1, 1, 2, 2]}
    path.write_text(json.dumps(document))
    folder = open_folder(coco)
    with pytest.raises(DatasetError, match=r"annotations of a .* 5 has a box and no outline"):
        folder.read(folder.pairs[0])


def test_coco_panoptic(tmp_path):
    image(tmp_path / "val/a.jpg")
    numbers = np.where(np.arange(W) < 3, 5, 256 * 2 + 1)[None].repeat(H, 0)
    rgb = np.stack([numbers % 256, numbers // 256, numbers * 0], axis=2).astype(np.uint8)
    place = tmp_path / "annotations/panoptic_val/a.png"
    place.parent.mkdir(parents=True)
    cv2.imwrite(str(place), rgb[..., ::-1])
    segments = [{"id": 5, "category_id": 1}, {"id": 513, "category_id": 184}]
    document = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": W, "height": H}],
        "annotations": [{"image_id": 7, "file_name": "a.png", "segments_info": segments}],
        "categories": [{"id": 1, "name": "person"}, {"id": 184, "name": "tree"}],
    }
    (tmp_path / "annotations/panoptic_val.json").write_text(json.dumps(document))
    folder = open_folder(tmp_path)
    assert (folder.read(folder.pairs[0]) == np.where(np.arange(W) < 3, 1, 184)).all()


def yolo(root, lines, names="names: [trunk, sky, grass]\n"):
    image(root / "images/val/a.jpg")
    image(root / "images/train/b.jpg")
    for place, text in (("val/a", lines), ("train/b", "")):
        path = root / f"labels/{place}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "data.yaml").write_text(names)
    return open_folder(root)


def test_yolo_outlines_are_shares_of_the_image(tmp_path):
    shares = " ".join(f"{v / s}" for v, s in zip(square(1, 1, 7, 5), [W, H] * 4, strict=True))
    folder = yolo(tmp_path, f"2 {shares}\n")
    assert (folder.layout, [p.key for p in folder.pairs]) == ("yolo", ["a"])
    assert (folder.read(folder.pairs[0]) == expected((2, 1, 1, 7, 5))).all()
    assert dict(folder.ontology.names) == {0: "trunk", 1: "sky", 2: "grass"}
    assert [p.split for p in open_folder(tmp_path, split="all").pairs] == ["val", "train"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("0 0.5 0.5 0.2 0.2\n", r"a\.txt, line 1: a box.*export outlines"),
        ("0 0.5 0.5 0.2\n", r"expected a class and three or more corners, got 4 numbers"),
        ("5 0 0 1 0 1 1\n", r"class 5 has no name in data\.yaml"),
        ("trunk 0 0 1 0 1 1\n", r"expected numbers, got 'trunk"),
    ],
)
def test_yolo_lines_that_are_no_outlines_are_refused(tmp_path, lines, said):
    folder = yolo(tmp_path, lines)
    with pytest.raises(DatasetError, match=said):
        folder.read(folder.pairs[0])


def test_yolo_without_names_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"YOLO labels without names: expected data\.yaml"):
        yolo(tmp_path, "", names="path: here\n")


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><job><labels>
<label><name>grass</name><color>#00ff00</color></label>
<label><name>sky</name><color>#0000ff</color></label>
</labels></job></meta>
<image id="0" name="a.jpg" width="8" height="6">
<polygon label="grass" points="0.00,0.00;4.00,0.00;4.00,4.00;0.00,4.00" z_order="1"></polygon>
<polygon label="sky" points="3,3;5,3;5,5;3,5" z_order="0"></polygon>
<mask label="sky" rle="1, 2, 1" left="6" top="4" width="2" height="2" z_order="0"></mask>
<box label="sky" xtl="0" ytl="0" xbr="8" ybr="6" z_order="9"></box>
</image></annotations>"""


def test_cvat_draws_by_z_order(tmp_path):
    image(tmp_path / "images/a.jpg")
    (tmp_path / "annotations.xml").write_text(CVAT)
    folder = open_folder(tmp_path)
    wanted = expected((1, 3, 3, 5, 5), (0, 0, 0, 4, 4))
    # Row by row: one pixel off, two on, one off.
    wanted[4, 7] = wanted[5, 6] = 1
    assert (folder.read(folder.pairs[0]) == wanted).all()
    assert [(c.name, c.color) for c in folder.ontology.classes] == [
        ("grass", "#00ff00"),
        ("sky", "#0000ff"),
    ]
    assert folder.notes == ("1 shapes of kind box left out: they enclose no pixels",)


def test_cvat_files_that_are_none_are_named(tmp_path):
    image(tmp_path / "images/a.jpg")
    for text, said in (
        ("<annotations><track/></annotations>", "CVAT for images 1.1"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "entities of its own"),
        ("<annotations>", "expected CVAT's XML"),
        ("<annotations/>", "expected labels in its meta"),
    ):
        (tmp_path / "annotations.xml").write_text(text)
        with pytest.raises(DatasetError, match=said):
            open_folder(tmp_path)


def test_voc_with_lists_and_cvats_colours(tmp_path):
    rgb = np.zeros((H, W, 3), np.uint8)
    rgb[:, 4:] = (0, 128, 0)
    for name in ("n1", "n2"):
        image(tmp_path / f"JPEGImages/{name}.jpg")
        path = tmp_path / f"SegmentationClass/{name}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rgb[..., ::-1])
    lists = tmp_path / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("n1\n")
    (lists / "val.txt").write_text("n2\n")
    (lists / "trainval.txt").write_text("n1\nn2\n")
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ngrass:0,128,0::\n")
    folder = open_folder(tmp_path)
    assert (folder.layout, [p.name for p in folder.pairs]) == ("voc", ["n2"])
    assert (folder.read(folder.pairs[0]) == (np.arange(W) >= 4)).all()
    assert folder.ontology.ignore == ("background",)
    (tmp_path / "labelmap.txt").unlink()
    with pytest.raises(DatasetError, match="holds colours"):
        open_folder(tmp_path).read(folder.pairs[0])


def test_vocs_own_images_have_its_names(tmp_path):
    image(tmp_path / "JPEGImages/2007_000032.jpg")
    (tmp_path / "SegmentationClass").mkdir()
    cv2.imwrite(str(tmp_path / "SegmentationClass/2007_000032.png"), np.full((H, W), 15, np.uint8))
    assert open_folder(tmp_path).ontology.names[15] == "person"


@pytest.mark.parametrize(
    ("form", "value", "name"),
    [
        ("labelIds", 21, "vegetation"),
        ("labelTrainIds", 8, "vegetation"),
        ("color", 21, "vegetation"),
    ],
)
def test_cityscapes_in_each_of_its_forms(tmp_path, form, value, name):
    stem = "aachen_000000_000019"
    image(tmp_path / f"leftImg8bit/val/aachen/{stem}_leftImg8bit.png")
    truth = np.full((H, W), value, np.uint8)
    if form == "color":
        truth = np.full((H, W, 4), (35, 142, 107, 255), np.uint8)
    path = tmp_path / f"gtFine/val/aachen/{stem}_gtFine_{form}.png"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), truth)
    folder = open_folder(tmp_path)
    assert [(p.key, p.split) for p in folder.pairs] == [(f"aachen/{stem}", "val")]
    assert (folder.read(folder.pairs[0]) == value).all()
    assert folder.ontology.names[value] == name

"""Data sets as their archives unpack: which files belong together, and what is missing."""

import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.goose import find_goose_images, find_goose_scans
from seg_perception.datasets.layouts import find_images, find_scans, guess_layout, open_folder
from seg_perception.datasets.masks import MaskReader, read_ids
from seg_perception.datasets.pairs import PairDataset
from seg_perception.datasets.rellis import find_rellis_images, find_rellis_scans
from seg_perception.datasets.semantic_kitti import read_labels, read_points, write_labels

STAMP = 1658494234334310308


def picture(path: Path, pixels=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((4, 6, 3), np.uint8) if pixels is None else pixels)
    return path


def scan(path: Path, points: int):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.arange(4 * points, dtype="<f4").tofile(path)


def labels(path: Path, classes):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_labels(path, np.array(classes, np.uint16), np.array(classes, np.uint16) + 7)


@pytest.fixture
def goose(tmp_path):
    """GOOSE with one scene of MuCAR-3, GOOSE-Ex with one of each machine."""
    scenes = {
        "2022-07-22_flight": ("2022-07-22_flight__0071", "windshield_vis"),
        "2024-01-10_quarry": ("2024-01-10_quarry_0003", "camera_left"),
        "2023-10-05_campus": ("2023-10-05_campus_0004", "front"),
        "village": ("village_0005", "realsense"),
    }
    ids = np.array([[0, 1, 2, 3, 62, 63]] * 4, np.uint8)
    for scene, (stem, camera) in scenes.items():
        picture(tmp_path / f"images/val/{scene}/{stem}_{STAMP}_{camera}.png")
        picture(tmp_path / f"labels/val/{scene}/{stem}_{STAMP}_labelids.png", ids)
        picture(tmp_path / f"labels/val/{scene}/{stem}_{STAMP}_color.png")
    first = "2022-07-22_flight/2022-07-22_flight__0071"
    picture(tmp_path / f"images/val/{first}_{STAMP}_windshield_nir.png")
    return tmp_path


def test_goose_images_of_all_machines(goose):
    pairs = find_goose_images(goose)
    assert [(p.sequence, p.conditions) for p in pairs] == [
        ("2022-07-22_flight", {"platform": "mucar3", "season": "summer"}),
        ("2023-10-05_campus", {"platform": "spot", "season": "autumn"}),
        ("2024-01-10_quarry", {"platform": "alice", "season": "winter"}),
        ("village", {"platform": "spot"}),
    ]
    assert {p.stamp_ns for p in pairs} == {STAMP}
    assert read_ids(pairs[0].labels)[0].tolist() == [0, 1, 2, 3, 62, 63]


def test_a_goose_image_without_labels_is_named(goose):
    next(goose.glob("labels/val/village/*_labelids.png")).unlink()
    with pytest.raises(DatasetError, match=r"village_0005.*_labelids\.png not found"):
        find_goose_images(goose)


def test_goose_scans(tmp_path):
    for scene, suffix in (("a", "vls128"), ("b", "pcl")):
        scan(tmp_path / f"lidar/val/{scene}/{scene}__0001_{STAMP}_{suffix}.bin", 3)
        labels(tmp_path / f"labels/val/{scene}/{scene}__0001_{STAMP}_goose.label", [50, 28, 53])
    pairs = find_goose_scans(tmp_path)
    assert [p.sequence for p in pairs] == ["a", "b"]
    classes, instances = read_labels(pairs[0].labels)
    assert classes.tolist() == [50, 28, 53]
    assert instances.tolist() == [57, 35, 60]
    assert read_points(pairs[0].cloud)[1].tolist() == [4, 5, 6, 7]


def test_rellis_images_with_and_without_a_list(tmp_path):
    root = tmp_path / "Rellis-3D"
    stems = ("frame000104-1581624663_149", "frame000105-1581624663_249")
    for stem in stems:
        picture(root / f"00000/pylon_camera_node/{stem}.jpg")
        picture(root / f"00000/pylon_camera_node_label_id/{stem}.png", np.full((4, 6), 3, "u1"))
    pairs = find_rellis_images(tmp_path)
    assert [p.name for p in pairs] == list(stems)
    assert pairs[0].stamp_ns == 1581624663_149_000_000
    entry = f"00000/pylon_camera_node/{stems[1]}.jpg 00000/pylon_camera_node_label_id/{stems[1]}"
    (tmp_path / "val.lst").write_text(f"{entry}.png\n")
    assert [p.name for p in find_rellis_images(tmp_path, "val")] == [stems[1]]
    with pytest.raises(DatasetError, match=r"test\.lst not found"):
        find_rellis_images(tmp_path, "test")
    (root / f"00000/pylon_camera_node/{stems[0]}.jpg").unlink()
    with pytest.raises(DatasetError, match="unpack both"):
        find_rellis_images(tmp_path)


def test_rellis_and_semantic_kitti_scans(tmp_path):
    rellis, kitti = tmp_path / "rellis", tmp_path / "kitti"
    scan(rellis / "00003/os1_cloud_node_kitti_bin/000001.bin", 2)
    labels(rellis / "00003/os1_cloud_node_semantickitti_label_id/000001.label", [3, 4])
    scan(kitti / "sequences/08/velodyne/000000.bin", 2)
    labels(kitti / "sequences/08/labels/000000.label", [40, 48])
    scan(kitti / "sequences/11/velodyne/000000.bin", 2)
    assert [p.key for p in find_rellis_scans(rellis)] == ["00003/000001"]
    assert [p.key for p in find_scans(kitti)] == ["08/000000"]
    scan(kitti / "sequences/08/velodyne/000001.bin", 2)
    with pytest.raises(DatasetError, match=r"000001\.label not found"):
        find_scans(kitti)


@pytest.mark.parametrize(
    ("folders", "layout"),
    [
        (("images/val/a/a__0_1_windshield_vis.png", "labels/val/"), "goose"),
        (("lidar/val/a/a__0_1_vls128.bin", "labels/val/"), "goose"),
        (("images/", "labels/"), "folder"),
        (("images/", "masks_src/", "coco.json", "labels/a.txt"), "folder"),
        (("images/", "labels/train/a.txt"), "yolo"),
        (("train/images/", "train/labels/a.txt"), "yolo"),
        (("leftImg8bit/", "gtFine/"), "cityscapes"),
        (("JPEGImages/", "SegmentationClass/"), "voc"),
        (("images/", "annotations.xml"), "cvat"),
        (("Rellis-3D/00000/pylon_camera_node_label_id/",), "rellis"),
        (("sequences/00/",), "semantic_kitti"),
    ],
)
def test_the_layout_is_guessed_from_the_folders(tmp_path, folders, layout):
    for name in folders:
        path = tmp_path / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("")
    assert guess_layout(tmp_path) == layout


def test_what_has_no_layout_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no images with masks: expected one of images"):
        find_images(tmp_path)
    with pytest.raises(DatasetError, match="no image with labels found"):
        find_images(tmp_path, "goose")
    with pytest.raises(DatasetError, match="expected one of"):
        find_images(tmp_path, "cityscape")
    with pytest.raises(DatasetError, match="not found"):
        find_images(tmp_path / "nowhere")


def test_a_folder_is_a_data_set_of_one_sequence(tmp_path):
    picture(tmp_path / "images/a.jpg")
    picture(tmp_path / "masks_src/a.png", np.zeros((4, 6), np.uint8))
    assert [p.key for p in find_images(tmp_path)] == ["a"]
    picture(tmp_path / "images/b.png")
    folder = open_folder(tmp_path)
    assert [p.key for p in folder.pairs] == ["a"]
    assert folder.notes == ("1 image left out, no mask in masks_src/: b.png",)


def test_pairs_are_read_as_a_training_wants_them(goose):
    lookup = np.full(256, 255, np.uint8)
    lookup[[0, 1, 2, 3, 62, 63]] = [255, 10, 11, 12, 13, 14]
    data = PairDataset(find_goose_images(goose), MaskReader(), lookup)
    assert len(data) == 4
    entry = data[0]
    assert entry.name == f"2022-07-22_flight/2022-07-22_flight__0071_{STAMP}"
    assert entry.image.shape == (4, 6, 3)
    assert entry.targets[0].tolist() == [255, 10, 11, 12, 13, 14]
    lookup[62] = 254
    with pytest.raises(DatasetError, match=r"ids \[62\]"):
        data[0]
    with pytest.raises(DatasetError, match="no elsewhere/1"):
        PairDataset(find_goose_images(goose), MaskReader(), lookup, ["elsewhere/1"])


def test_colours_and_cut_files_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="save class ids, not colours"):
        read_ids(picture(tmp_path / "color.png", np.full((4, 6, 3), (0, 1, 2), np.uint8)))
    (tmp_path / "cut.label").write_bytes(b"12345")
    with pytest.raises(DatasetError, match="multiple of 4 bytes, got 5"):
        read_labels(tmp_path / "cut.label")
    with pytest.raises(DatasetError, match="can't be read"):
        read_points(tmp_path / "none.bin")


def test_a_folder_that_may_not_be_read_is_no_smaller_data_set(tmp_path, monkeypatch):
    for name in ("a", "b"):
        picture(tmp_path / "images" / "val" / name / f"{name}__0_1_windshield_vis.png")
    shut, scandir = str(tmp_path / "images" / "val" / "b"), os.scandir

    def guarded(path="."):
        if os.fspath(path) == shut:
            raise PermissionError(errno.EACCES, "Permission denied", shut)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    for find in (find_images, find_scans):
        with pytest.raises(DatasetError, match=r"/b: can't be read \(Permission denied\)"):
            find(tmp_path, "goose", "val")


def test_a_splits_file_chooses_what_it_holds_out(tmp_path) -> None:
    root = tmp_path / "photos"
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
        for name in "abc":
            cv2.imwrite(str(root / part / f"{name}.png"), np.zeros((4, 4), np.uint8))
    file = tmp_path / "split.yaml"
    file.write_text("{train: [a], validation: [b, c]}")
    folder = open_folder(root, split=str(file))
    assert [pair.key for pair in folder.pairs] == ["b", "c"]
    assert f"held out by {file}" in folder.taken
    file.write_text("{train: [a], validation: [d]}")
    with pytest.raises(DatasetError, match=r"photos: has no d, which .*split.yaml holds out"):
        open_folder(root, split=str(file))
    file.write_text("{train: [a]}")
    with pytest.raises(DatasetError, match="expected names of images under `validation`"):
        open_folder(root, split=str(file))

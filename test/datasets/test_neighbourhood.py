from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from seg_perception.datasets.neighbourhood import describe, hold_out, main


def test_whole_clusters_are_held_out() -> None:
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(6), 10)
    descriptors = (100 * place[:, None] + rng.normal(0, 0.1, (60, 4))).astype(np.float32)
    split = hold_out(descriptors, clusters=6, every=3, margin=1.0)
    held, kept = {int(place[i]) for i in split.validation}, {int(place[i]) for i in split.train}
    assert len(held) == 2
    assert not held & kept
    assert sorted(split.train + split.validation + split.dropped) == list(range(60))


def test_training_images_near_a_held_out_one_are_dropped() -> None:
    descriptors = np.array([[0.0], [0.1], [10.0], [10.1], [5.2], [20.0], [20.1]], np.float32)
    split = hold_out(descriptors, clusters=3, every=3, margin=6.0)
    distances = np.abs(descriptors[list(split.train)] - descriptors[list(split.validation)].T)
    assert split.validation
    assert (distances >= 6.0).all()


def test_exposure_changes_a_description_less_than_another_place_does() -> None:
    rng = np.random.default_rng(1)
    here, there = (rng.integers(60, 160, (18, 32, 3)).astype(np.uint8) for _ in range(2))
    brighter = (here * 1.3).astype(np.uint8)
    assert (
        np.abs(describe(here) - describe(brighter)).mean()
        < 0.3 * np.abs(describe(here) - describe(there)).mean()
    )


def test_a_split_file_names_every_image_once(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(2)
    for index in range(12):
        image = rng.integers(0, 255, (18, 32, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{index:02d}.png"), image)
    split = tmp_path / "split.yaml"
    arguments = [str(tmp_path), str(split), "--clusters", "4", "--every", "2", "--margin", "0"]
    assert main(arguments) == 0
    parts = yaml.safe_load(split.read_text())
    names = [name for part in ("train", "validation", "dropped") for name in parts[part]]
    assert sorted(names) == [f"{index:02d}" for index in range(12)]
    assert parts["validation"]


def test_too_few_images_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "split.yaml")]) == 2
    assert "expected 32 images or more, got 0" in capsys.readouterr().err

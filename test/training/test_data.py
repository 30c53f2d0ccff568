from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import DatasetError
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData


def test_the_split_decides_what_is_learnt_and_what_is_held_out(tiny_data: TrainingData) -> None:
    assert tiny_data.train["stripes"].names == ("00", "01", "02", "03", "04", "05")
    assert tiny_data.validation["stripes"].names == ("06", "07")


def test_a_missing_split_is_named(tiny_config: TrainingConfig, tmp_path: Path) -> None:
    (tmp_path / "split.yaml").unlink()
    with pytest.raises(DatasetError, match=r"split.yaml not found: expected a YAML file of two"):
        TrainingData.open(tiny_config, tmp_path, tmp_path, {})


def test_another_folder_of_a_source_is_taken(tiny_config: TrainingConfig, tmp_path: Path) -> None:
    (tmp_path / "stripes").rename(tmp_path / "moved")
    data = TrainingData.open(tiny_config, tmp_path, tmp_path, {"stripes": tmp_path / "moved"})
    assert len(data.train["stripes"]) == 6


def test_a_source_that_the_run_does_not_have_is_named(
    tiny_config: TrainingConfig, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=r"source 'strips': expected one of \['stripes'\]"):
        TrainingData.open(tiny_config, tmp_path, tmp_path, {"strips": tmp_path})


def test_goose_is_read_by_its_own_parts(tiny_config: TrainingConfig, tmp_path: Path) -> None:
    for part, count in (("train", 2), ("val", 1)):
        for index in range(count):
            stem = f"2022-07-22_flight__{index:04d}_165851{index:04d}000000000"
            for kind, suffix in (("images", "windshield_vis"), ("labels", "labelids")):
                folder = tmp_path / "goose" / kind / part / "2022-07-22_flight"
                folder.mkdir(parents=True, exist_ok=True)
                pixels = np.full((4, 6, 3)[: 3 if kind == "images" else 2], 1, np.uint8)
                cv2.imwrite(str(folder / f"{stem}_{suffix}.png"), pixels)
    source = tiny_config.sources[0].model_copy(
        update={"layout": "goose", "folder": "goose", "split": ""}
    )
    config = tiny_config.model_copy(update={"sources": (source,)})
    data = TrainingData.open(config, tmp_path, tmp_path, {})
    assert [len(data.train["stripes"]), len(data.validation["stripes"])] == [2, 1]
    assert data.train["stripes"][0].targets.shape == (4, 6)


def test_the_mapping_beside_the_images_is_taken_where_none_is_named(
    tiny_config: TrainingConfig, tmp_path: Path
) -> None:
    source = tiny_config.sources[0]
    unnamed = source.model_copy(update={"mapping": ""})
    config = tiny_config.model_copy(update={"sources": (unnamed,)})
    with pytest.raises(DatasetError, match=r"stripes: no mapping\.yaml in it, and none was named"):
        TrainingData.open(config, tmp_path, tmp_path, {})
    named = TrainingData.open(tiny_config, tmp_path, tmp_path, {})
    (tmp_path / source.mapping).rename(tmp_path / "stripes" / "mapping.yaml")
    beside = TrainingData.open(config, tmp_path, tmp_path, {})
    targets = [data.train["stripes"][0].targets for data in (named, beside)]
    assert (targets[0] == targets[1]).all()

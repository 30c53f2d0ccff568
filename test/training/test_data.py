from pathlib import Path

import numpy as np
import pytest

from seg_perception.errors import DatasetError
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData


def test_the_split_decides_what_is_learnt_and_what_is_held_out(tiny_data: TrainingData) -> None:
    assert tiny_data.train["stripes"].names == ("00", "01", "02", "03", "04", "05")
    assert tiny_data.validation["stripes"].names == ("06", "07")


def test_class_pixels_are_counted_in_the_training_part(tiny_data: TrainingData) -> None:
    counted = tiny_data.class_pixels({"stripes": 1.0})
    assert counted.sum() == 6 * 64 * 64
    assert {tiny_data.ontology.names[int(i)] for i in np.flatnonzero(counted)} == {
        "sky",
        "high_vegetation",
        "rough_trail",
    }


def test_a_missing_split_is_named(tiny_config: TrainingConfig, tmp_path: Path) -> None:
    (tmp_path / "split.yaml").unlink()
    with pytest.raises(DatasetError, match=r"split.yaml not found: expected a YAML file with"):
        TrainingData.open(tiny_config, tmp_path, tmp_path, {})


def test_another_folder_of_a_source_is_taken(tiny_config: TrainingConfig, tmp_path: Path) -> None:
    (tmp_path / "stripes").rename(tmp_path / "moved")
    data = TrainingData.open(tiny_config, tmp_path, tmp_path, {"stripes": tmp_path / "moved"})
    assert len(data.train["stripes"]) == 6

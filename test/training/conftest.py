"""A data set of coloured stripes that a small network learns in seconds."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from seg_perception.core.ontology import Ontology
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData

COLOURS = np.array([[40, 90, 200], [30, 160, 40], [150, 110, 70]], np.uint8)
CLASSES = ("sky", "high_vegetation", "rough_trail")
OTHERS = sorted(set(Ontology.load("field").names.values()) - set(CLASSES))


def write_stripes(root: Path, count: int) -> None:
    """Sky over trees over trail, with the borders at random heights; ids 0, 1, 2."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks_src"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        first, second = np.sort(rng.integers(4, 60, 2))
        mask = np.zeros((64, 64), np.uint8)
        mask[first:], mask[second:] = 1, 2
        image = COLOURS[mask] + rng.integers(0, 30, (64, 64, 1)).astype(np.uint8)
        cv2.imwrite(str(root / "images" / f"{index:02d}.png"), image[..., ::-1])
        cv2.imwrite(str(root / "masks_src" / f"{index:02d}.png"), mask)


@pytest.fixture
def tiny_config(tmp_path: Path) -> TrainingConfig:
    """Two-block network, 64x64 crops, and its files under `tmp_path`."""
    write_stripes(tmp_path / "stripes", 8)
    names = [f"{index:02d}" for index in range(8)]
    (tmp_path / "split.yaml").write_text(
        yaml.safe_dump({"train": names[:6], "validation": names[6:]})
    )
    classes = {index: {"name": name, "as": [name]} for index, name in enumerate(CLASSES)}
    mapping = {"source": "stripes", "ontology": "field", "classes": classes}
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(mapping))
    return TrainingConfig.model_validate(
        {
            "ontology": "field",
            "model": {
                "stem": 8,
                "stem_blocks": 1,
                "middle": 16,
                "deep": 16,
                "middle_blocks": 1,
                "dilations": [1],
                "decoder": 16,
            },
            "unseen": OTHERS,
            "sources": [
                {
                    "name": "stripes",
                    "folder": "stripes",
                    "mapping": "mapping.yaml",
                    "split": "split.yaml",
                    "share": 1,
                }
            ],
            "network_size": (64, 64),
            "crop": (64, 64),
            "batch_size": 4,
            "steps": 12,
            "validate_every": 6,
            "optimizer": {"learning_rate": 5e-3, "warmup_steps": 2, "ema_decay": 0.5},
        }
    )


@pytest.fixture
def tiny_data(tiny_config: TrainingConfig, tmp_path: Path) -> TrainingData:
    """The data of `tiny_config`."""
    return TrainingData.open(tiny_config, tmp_path, tmp_path, {})

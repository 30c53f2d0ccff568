# ruff: noqa: E402  (torch, which may be absent, is looked for first)
"""From frames of the simulator to scores: what holds whatever 20 steps happen to teach."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")
pytest.importorskip("embreex", reason="the simulator needs a ray caster: install the extra [sim]")

from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.simulation.frame_writer import write_frames
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.loop import Trainer
from seg_perception.training.models.network import NetworkOutput
from seg_perception.training.validation import Validator

STEPS, SAVE_EVERY, CUT_OFF = 20, 5, 13
WIDTH, HEIGHT = 96, 64


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    """A tiny network on frames of one simulated forest, which it is also asked about."""
    write_frames(tmp_path / "frames", seed=5, count=6, width=WIDTH, height=HEIGHT)
    names = [f"seed005_{index:04d}" for index in range(6)]
    (tmp_path / "split.yaml").write_text(json.dumps({"train": names, "validation": names}))
    mapping = config_path("training", "mappings", "simulator.yaml")
    return TrainingConfig.model_validate(
        {
            "ontology": "field",
            "unseen": list(Ontology.load("field").ids),
            "model": {
                "stem": 8,
                "stem_blocks": 1,
                "middle": 16,
                "middle_blocks": 1,
                "deep": 24,
                "dilations": [1, 2],
                "decoder": 16,
            },
            "sources": [
                {
                    "name": "simulator",
                    "folder": "frames",
                    "mapping": str(mapping),
                    "split": "split.yaml",
                    "share": 1,
                }
            ],
            "network_size": (WIDTH, HEIGHT),
            "crop": (WIDTH, HEIGHT),
            "batch_size": 4,
            "steps": STEPS,
            "validate_every": SAVE_EVERY,
            "seed": 3,
            "optimizer": {"learning_rate": 5e-3, "warmup_steps": 10, "ema_decay": 0.9},
        }
    )


@pytest.fixture
def data(config: TrainingConfig, tmp_path: Path) -> TrainingData:
    return TrainingData.open(config, tmp_path, tmp_path, {})


class CutOffError(Exception):
    """What ends the first half."""


def cut_off(done: int, _total: int) -> None:
    if done == CUT_OFF:
        raise CutOffError


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_num_threads(threads)


class Answers(torch.nn.Module):
    """Gives one picture's classes after the other, int64 (H, W), whatever it is shown."""

    def __init__(self, pictures: list[np.ndarray], class_count: int) -> None:
        super().__init__()
        self._pictures, self._class_count = iter(pictures), class_count

    def forward(self, _image: torch.Tensor) -> NetworkOutput:
        labels = torch.from_numpy(next(self._pictures))
        shares = torch.nn.functional.one_hot(labels, self._class_count).permute(2, 0, 1)
        return NetworkOutput(scores=shares[None].float())


def test_the_truth_scores_one_and_one_class_its_own_share(
    config: TrainingConfig, data: TrainingData
) -> None:
    part = data.validation["simulator"]
    validator = Validator(data.space, data.ontology, config.network_size)
    truth = [data.space.primary[part[index].targets] for index in range(len(part))]
    count = data.space.class_count
    right = validator.run(Answers(truth, count), part)
    assert right.pixel_accuracy == 1
    assert set(right.classes.values()) == set(right.categories.values()) == {1.0}
    likeliest = np.bincount(np.ravel(truth), minlength=count).argmax()
    one = validator.run(Answers([np.full_like(t, likeliest) for t in truth], count), part)
    share = float(np.mean([t == likeliest for t in truth]))
    assert one.pixel_accuracy == pytest.approx(share)
    assert one.mean_iou == pytest.approx(share / len(right.classes))


def test_an_interruption_changes_nothing(
    config: TrainingConfig, data: TrainingData, tmp_path: Path
) -> None:
    whole = Trainer(config, data, tmp_path / "whole")
    whole.run()
    with pytest.raises(CutOffError):
        Trainer(config, data, tmp_path / "parts").run(advance=cut_off)
    resumed = Trainer(config, data, tmp_path / "parts")
    resumed.resume(tmp_path / "parts" / "last.pt")
    assert resumed.step == 10
    resumed.run()
    for mine, theirs in ((resumed.network, whole.network), (resumed.average, whole.average)):
        theirs_now = getattr(theirs, "network", theirs).state_dict()
        for name, tensor in getattr(mine, "network", mine).state_dict().items():
            assert torch.equal(tensor, theirs_now[name]), name

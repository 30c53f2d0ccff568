# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")
pytest.importorskip("embreex", reason="the simulator needs a ray caster: install the extra [sim]")

from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.simulation.frame_writer import write_frames
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.loop import Trainer
from seg_perception.training.validation import Validator

STEPS, CUT_OFF = 200, 130


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    """A tiny network on frames of one simulated forest, which it is also asked about."""
    write_frames(tmp_path / "frames", seed=5, count=6, width=96, height=64)
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
            "network_size": (96, 64),
            "crop": (96, 64),
            "batch_size": 4,
            "steps": STEPS,
            "validate_every": 50,
            "seed": 3,
            "optimizer": {"learning_rate": 5e-3, "warmup_steps": 10, "ema_decay": 0.9},
        }
    )


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


@pytest.mark.timeout(900)
def test_200_steps_teach_and_an_interruption_changes_nothing(
    config: TrainingConfig, tmp_path: Path
) -> None:
    data = TrainingData.open(config, tmp_path, tmp_path, {})
    whole = Trainer(config, data, tmp_path / "whole")
    validator = Validator(data.space, data.ontology, config.network_size)
    before = validator.run(whole.average.network, data.validation["simulator"])
    after = whole.run()["simulator"]
    assert after.mean_iou > before.mean_iou + 0.05
    assert after.pixel_accuracy > before.pixel_accuracy + 0.1
    rows = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").open()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert min(losses[1:]) < 0.8 * losses[0]

    with pytest.raises(CutOffError):
        Trainer(config, data, tmp_path / "parts").run(advance=cut_off)
    resumed = Trainer(config, data, tmp_path / "parts")
    resumed.resume(tmp_path / "parts" / "last.pt")
    assert resumed.step == 100
    resumed.run()
    for mine, theirs in ((resumed.network, whole.network), (resumed.average, whole.average)):
        theirs_now = getattr(theirs, "network", theirs).state_dict()
        for name, tensor in getattr(mine, "network", mine).state_dict().items():
            assert torch.equal(tensor, theirs_now[name]), name

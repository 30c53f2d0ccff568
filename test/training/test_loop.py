# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import json
import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.loop import Trainer


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_num_threads(threads)


def losses(folder: Path) -> list[float]:
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [entry["loss"] for entry in entries if "loss" in entry]


def test_loss_falls_and_classes_are_learnt(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    config = tiny_config.model_copy(update={"steps": 50, "validate_every": 50})
    scores = Trainer(config, tiny_data, tmp_path / "run").run()
    first, last = losses(tmp_path / "run")
    assert last < 0.5 * first
    assert scores["stripes"].mean_iou > 0.5
    assert set(scores["stripes"].classes) == {"sky", "high_vegetation", "rough_trail"}


def test_a_resumed_run_ends_with_the_same_weights(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    whole = Trainer(tiny_config, tiny_data, tmp_path / "whole")
    whole.run()
    Trainer(tiny_config, tiny_data, tmp_path / "parts").run(until=7)
    resumed = Trainer(tiny_config, tiny_data, tmp_path / "parts")
    resumed.resume(tmp_path / "parts" / "last.pt")
    assert resumed.step == 7
    resumed.run()
    for network in ("network", "average"):
        want, got = getattr(whole, network), getattr(resumed, network)
        if network == "average":
            want, got = want.network, got.network
        for name, tensor in want.state_dict().items():
            assert torch.equal(tensor, got.state_dict()[name]), (network, name)


def test_another_configuration_is_not_resumed(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    Trainer(tiny_config, tiny_data, tmp_path / "run").run(until=1)
    other = Trainer(tiny_config.model_copy(update={"seed": 5}), tiny_data, tmp_path / "other")
    with pytest.raises(TrainingError, match=r"last.pt: was made with another configuration"):
        other.resume(tmp_path / "run" / "last.pt")


def test_another_architecture_does_not_initialise(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    Trainer(tiny_config, tiny_data, tmp_path / "run").run(until=1)
    wider = tiny_config.model_copy(
        update={"model": tiny_config.model.model_copy(update={"deep": 32})}
    )
    with pytest.raises(TrainingError, match=r"last.pt: its weights are of another architecture"):
        Trainer(wider, tiny_data, tmp_path / "other").initialise(tmp_path / "run" / "last.pt")


def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    trainer = Trainer(tiny_config, tiny_data, tmp_path / "run")
    trainer.run(until=6)
    kept = (tmp_path / "run" / "last.pt").read_bytes()
    with torch.no_grad():
        trainer.network.classifier.bias.fill_(math.nan)
    with pytest.raises(
        TrainingError, match=r"step 6: the loss is nan; .*last.pt is the last good state"
    ):
        trainer.run()
    assert (tmp_path / "run" / "last.pt").read_bytes() == kept

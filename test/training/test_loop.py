# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.errors import StoppedError, TrainingError
from seg_perception.training.batches import Batch, BatchSource
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.config import OptimizerConfig, TrainingConfig
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


def logged(folder: Path, key: str) -> list[dict[str, float]]:
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [entry for entry in entries if key in entry]


def loss_of(trainer: Trainer, batch: Batch) -> torch.Tensor:
    return torch.stack(list(trainer._loss_of(batch).values())).sum()


@torch.no_grad()
def move_to(trainer: Trainer, weights: list[torch.Tensor]) -> None:
    for parameter, tensor in zip(trainer.network.parameters(), weights, strict=True):
        parameter.copy_(tensor)


def test_a_step_lowers_the_loss_by_what_the_gradient_foretells(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    """The gradient along the step that is taken is what central differences say."""
    pace = OptimizerConfig(learning_rate=1e-6, warmup_steps=0, weight_decay=0)
    config = tiny_config.model_copy(update={"optimizer": pace})
    trainer = Trainer(config, tiny_data, tmp_path / "run")
    trainer.network.train()
    batch = trainer._batches.batch(0)
    start = [parameter.detach().clone() for parameter in trainer.network.parameters()]
    gradient = torch.autograd.grad(loss_of(trainer, batch), list(trainer.network.parameters()))
    trainer._learn([batch])
    steps = [p.detach() - t for p, t in zip(trainer.network.parameters(), start, strict=True)]
    foretold = sum(float((g * step).sum()) for g, step in zip(gradient, steps, strict=True))
    ends = []
    for sign in (1, -1):
        move_to(trainer, [t + sign * step for t, step in zip(start, steps, strict=True)])
        ends.append(loss_of(trainer, batch).item())
    # An optimizer that has no past yet goes against the sign of every weight's gradient.
    assert foretold < 0
    assert (ends[0] - ends[1]) / 2 == pytest.approx(foretold, rel=0.02)


def test_the_loss_on_a_batch_it_has_seen_falls(
    tiny_config: TrainingConfig,
    tiny_data: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tiny_config.model_copy(update={"steps": 50, "validate_every": 50})
    trainer = Trainer(config, tiny_data, tmp_path / "run")
    same = trainer._batches.batch(0)
    monkeypatch.setattr(BatchSource, "batch", lambda _self, _number: same)
    scores = trainer.run()
    first, last = (entry["loss"] for entry in logged(tmp_path / "run", "loss"))
    assert last < first
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


def test_a_run_that_is_stopped_is_resumed_at_that_step(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    def stop(step: int, _steps: int) -> None:
        if step == 3:
            msg = "stopped by SIGTERM after 3 of 9"
            raise StoppedError(msg, 15)

    with pytest.raises(StoppedError, match=r"3 of 9; .*last.pt holds it: go on with --resume"):
        Trainer(tiny_config, tiny_data, tmp_path).run(advance=stop)
    resumed = Trainer(tiny_config, tiny_data, tmp_path)
    resumed.resume(tmp_path / "last.pt")
    assert resumed.step == 3


def test_the_first_scores_are_the_best_so_far_and_without_scores_there_is_no_best(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    # A class that nothing predicts after one step has the value 0, too.
    config = tiny_config.model_copy(update={"metric": "sky"})
    Trainer(config, tiny_data, tmp_path / "scored").run(until=1)
    assert (tmp_path / "scored" / "best.pt").is_file()
    nothing_held = replace(tiny_data, validation={})
    Trainer(config, nothing_held, tmp_path / "unscored").run(until=1)
    assert (tmp_path / "unscored" / "last.pt").is_file()
    assert not (tmp_path / "unscored" / "best.pt").exists()


def test_an_ontology_without_groupings_is_learnt_and_kept_in_the_checkpoint(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    plain = tiny_data.ontology.model_copy(update={"groupings": {}})
    scores = Trainer(tiny_config, replace(tiny_data, ontology=plain), tmp_path).run(until=2)
    assert scores["stripes"].categories == {}
    assert Checkpoint.load(tmp_path / "last.pt").classes == plain


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

# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.model_soup import average_checkpoints, main


def write(path: Path, *values: float) -> Path:
    average = {"w": torch.tensor(values), "count": torch.tensor(len(values))}
    Checkpoint(
        config="{}", step=1, network={}, average=average, optimizer={}, scores={"a": 1}
    ).save(path)
    return path


def test_the_mean_is_weighted_and_what_was_measured_is_forgotten(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.pt", 0.0, 4.0), write(tmp_path / "b.pt", 8.0, 8.0)
    assert main([f"{first}=0.25", f"{second}=0.75", "-o", str(tmp_path / "c.pt")]) == 0
    mixed = Checkpoint.load(tmp_path / "c.pt")
    assert mixed.average["w"].tolist() == [6.0, 7.0]
    assert mixed.average["count"].item() == 2
    assert mixed.scores == {}


def test_other_shares_and_architectures_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, wider = write(tmp_path / "a.pt", 1.0), write(tmp_path / "b.pt", 1.0, 2.0)
    with pytest.raises(TrainingError, match=r"shares that sum to 1, got 1.5"):
        average_checkpoints([(first, 0.5), (first, 1.0)])
    with pytest.raises(TrainingError, match=r"a.pt: of another architecture than .*b.pt"):
        average_checkpoints([(first, 0.5), (wider, 0.5)])
    assert main([str(first), "-o", str(tmp_path / "c.pt")]) == 2
    assert "expected CHECKPOINT=SHARE" in capsys.readouterr().err

# ruff: noqa: E402  (torch, which may be absent, is looked for first)
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.export.bundle import load_network
from seg_perception.training.processes import Processes, joined
from seg_perception.training.validation import Validator


def test_one_process_needs_nobody() -> None:
    with joined("cpu") as processes:
        assert processes == Processes.alone()
        assert processes.leads
        assert processes.sum(np.array([2, 3])).tolist() == [2, 3]
        network = torch.nn.Linear(1, 1)
        assert processes.share(network) is network


@pytest.mark.long
def test_two_processes_learn_one_network_and_share_the_validation(
    tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    config = tiny_config.model_copy(update={"steps": 4, "validate_every": 4})
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run = ["-m", "seg_perception.cli", "train", "run", str(tmp_path / "run.yaml")]
    places = ["-o", str(tmp_path / "run"), "--data-root", str(tmp_path), "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, *launcher, *run, *places],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| class | stripes |") == 1
    path = tmp_path / "run" / "last.pt"
    checkpoint = Checkpoint.load(path)
    assert checkpoint.step == 4
    network = load_network(checkpoint, tiny_data.ontology, path)
    alone = Validator(tiny_data.space, tiny_data.ontology, config.network_size).run(
        network, tiny_data.validation["stripes"]
    )
    assert checkpoint.scores["stripes"]["classes"] == pytest.approx(alone.classes)

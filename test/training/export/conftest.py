"""Checkpoints of small networks, with random weights that tell classes apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = {"name": "s", "folder": "s", "mapping": "m.yaml", "share": 1}


LAST_LAYERS = (
    "class_predictor.weight",
    "mask_embedder.2.0.weight",
    "mask_projection.weight",
    "fc3.weight",
    "conv2.weight",
)


@pytest.fixture
def write_checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """Write `last.pt` of a small network of 96x64."""
    torch = pytest.importorskip("torch", reason="the export needs torch: the extra [train]")
    pytest.importorskip("transformers", reason="these networks need transformers: [train]")
    from seg_perception.training.checkpoint import Checkpoint
    from seg_perception.training.config import TrainingConfig
    from seg_perception.training.models.factory import build_network

    def write(model: dict[str, Any]) -> Path:
        config = TrainingConfig.model_validate(
            {
                "ontology": "field",
                "model": model,
                "sources": [SOURCE],
                "steps": 1,
                "network_size": (96, 64),
            }
        )
        torch.manual_seed(0)
        network = build_network(config.model, 18, 3, config.network_size)
        # Queries that differ in class and place, as those of a trained network do.
        for name, parameter in network.named_parameters():
            if name.endswith(LAST_LAYERS):
                torch.nn.init.normal_(parameter, std=3.0)
        path = tmp_path / "last.pt"
        state = network.state_dict()
        Checkpoint(
            config=config.model_dump_json(), step=1, network=state, average=state, optimizer={}
        ).save(path)
        return path

    return write

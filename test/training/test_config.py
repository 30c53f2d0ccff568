# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.datasets.mapping import LabelMapping, TargetSpace
from seg_perception.training.config import TrainingConfig
from seg_perception.training.export.release_file import ReleaseFile
from seg_perception.training.models.config import EomtConfig, Mask2FormerConfig
from seg_perception.training.models.factory import build_network
from seg_perception.training.optimizer import parameter_groups

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
FILES = {
    *config_path("training").glob("*.yaml"),
    *RECIPES.glob("architectures/*.yaml"),
    *RECIPES.glob("field_tiny/*.yaml"),
}
RELEASES = sorted(path for path in FILES if path.stem.startswith("release"))
RUNS = sorted(FILES - set(RELEASES))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_a_shipped_run_names_classes_mappings_and_splits_that_there_are(path) -> None:
    config = TrainingConfig.load(path)
    ontology = Ontology.load(config.ontology)
    named = {*config.unseen, *config.sampling.paste_classes}
    assert named <= set(ontology.ids)
    # A source without one has its mapping beside its images.
    with_file = [source for source in config.sources if source.mapping]
    mappings = [LabelMapping.load(path.parent / source.mapping) for source in with_file]
    space = TargetSpace.build(ontology, mappings)
    assert space.class_count == ontology.id_count
    assert all((path.parent / source.split).is_file() for source in config.sources if source.split)
    # Every class is an id of some mapping, or accepted as unseen.
    mapped = {name for mapping in mappings for c in mapping.classes.values() for name in c.classes}
    assert set(ontology.ids) - mapped <= set(config.unseen)


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_a_release_file_is_read(path) -> None:
    assert ReleaseFile.load(path).datasets


@pytest.mark.parametrize(
    "path", [p for p in RUNS if p.stem.startswith("goose")], ids=lambda p: p.stem
)
def test_goose_runs_build_their_networks(path) -> None:
    config = TrainingConfig.load(path)
    assert isinstance(config.model, Mask2FormerConfig | EomtConfig)
    with torch.device("meta"):
        network = build_network(config.model, 64, 12, config.crop)
    assert config.model.backbone.pretrained == "hub"
    # The rate falls from block to block down to the patches, and is whole above the backbone.
    rates = {group["rate"] for group in parameter_groups(network, config.optimizer)}
    depth = config.model.backbone.shape.depth + 1
    assert sorted(rates) == pytest.approx(
        [config.optimizer.layer_decay**power for power in range(depth, -1, -1)]
    )


def test_weights_come_from_sources_that_there_are() -> None:
    sources = [{"name": n, "folder": n, "share": 1.0} for n in ("drives", "photos")]
    run = {"ontology": "field", "steps": 1, "sources": sources}
    config = TrainingConfig.model_validate({**run, "loss": {"weights_from": ["drives"]}})
    assert [s.name for s in config.weighed_sources] == ["drives"]
    assert len(TrainingConfig.model_validate(run).weighed_sources) == 2
    with pytest.raises(ValueError, match=r"loss.weights_from: expected .* got 'phones'"):
        TrainingConfig.model_validate({**run, "loss": {"weights_from": ["phones"]}})

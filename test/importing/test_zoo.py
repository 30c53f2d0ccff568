"""Each public checkpoint's line: its network can be imported, its classes are known, it parses."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.cli.model_options import parse_size
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.importing.class_names import ontology_of
from seg_perception.importing.zoo import ZooModel, zoo

ZOO = zoo()
every = pytest.mark.parametrize("model", ZOO, ids=[model.id for model in ZOO])


def class_names(model: ZooModel) -> list[str]:
    """What the checkpoint calls its classes: names as their data set spells them."""
    if model.ontology in shipped():
        loaded = Ontology.load(model.ontology)
        return [loaded.names[number].replace("_", " ") for number in range(len(loaded.names))]
    known, _, count = model.ontology.rpartition("_")
    loaded = Ontology.load(known)
    return [loaded.names[number].replace("_", " ") for number in range(int(count))]


@every
def test_its_classes_are_found_by_their_names(model: ZooModel) -> None:
    found = ontology_of(class_names(model), "mine")
    assert found.name == model.ontology
    assert {"goose_category", "traversability", "movable"} <= set(found.groupings)


@every
def test_its_architecture_can_be_imported(model: ZooModel) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from seg_perception.importing.families.choice import choose_family

    assert choose_family(model.architecture)


@every
def test_its_line_names_it_and_what_it_needs(model: ZooModel) -> None:
    words = shlex.split(model.line)
    assert words[:3] == ["seg-perception", "import", model.id]
    width, height = parse_size(words[words.index("--size") + 1])
    assert (width, height) == model.size
    # Strides of all families; EoMT's patches of 14 or 16 fit the size of its checkpoint.
    assert width % 32 == height % 32 == 0
    assert ("--ontology" in words) == (not model.named)
    assert ("--licence" in words) == (not model.licence)


def test_no_checkpoint_is_listed_twice_and_bundles_have_names_of_their_own() -> None:
    assert len({model.id for model in ZOO}) == len({m.short_name for m in ZOO}) == len(ZOO)


def test_a_figure_without_a_source_is_refused() -> None:
    data = {"id": "a/b", "architecture": "A", "ontology": "voc", "size": [32, 32]}
    with pytest.raises(ValueError, match="mean_iou and its source, or neither"):
        ZooModel(**data, mean_iou=50.0)


def test_import_lists_them() -> None:
    result = CliRunner().invoke(app, ["import", "--list"])
    assert result.exit_code == 0
    shown = [line.strip() for line in result.stdout.splitlines()]
    assert [line for line in shown if line.startswith("seg-perception")] == [m.line for m in ZOO]
    assert (
        "tue-mps/cityscapes_semantic_eomt_large_1024: cityscapes_train, 84.2 % mIoU "
        "(tue-mps/eomt, model_zoo/dinov2.md); MIT"
    ) in shown

"""The lines of the zoo by the letter, on random members of the same architectures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.ontology import Ontology
from seg_perception.importing.zoo import ZooModel, zoo
from seg_perception.inference.bundle import Bundle

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import published_networks as published  # noqa: E402 (needs torch)

FIRST = {model.architecture: model for model in reversed(zoo())}
MEMBER = {
    "SegformerForSemanticSegmentation": "segformer",
    "Mask2FormerForUniversalSegmentation": "mask2former_swin",
    "MaskFormerForInstanceSegmentation": "maskformer",
    "EomtForUniversalSegmentation": "eomt_dinov2",
    "EomtDinov3ForUniversalSegmentation": "eomt_dinov3",
    "UperNetForSemanticSegmentation": "upernet_convnext",
    "DPTForSemanticSegmentation": "dpt",
    "BeitForSemanticSegmentation": "beit",
    "MobileNetV2ForSemanticSegmentation": "mobilenet_v2",
    "MobileViTForSemanticSegmentation": "mobilevit",
}
QUICK = ("SegformerForSemanticSegmentation", "EomtDinov3ForUniversalSegmentation")


def test_each_architecture_has_a_member() -> None:
    assert set(MEMBER) == set(FIRST)


def save(model: ZooModel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small member with as many classes, called as the checkpoint calls them."""
    names = Ontology.load(model.ontology).names
    monkeypatch.setattr(published, "CLASSES", len(names))
    make = published.make

    def named(member: Any) -> Any:
        network = make(member)
        if model.named:
            network.config.id2label = {i: n.replace("_", " ") for i, n in names.items()}
        return network

    monkeypatch.setattr(published, "make", named)
    member = published.MEMBERS[MEMBER[model.architecture]]
    published.save(MEMBER[model.architecture], folder, published.frames(member.size))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(m, id=a, marks=[] if a in QUICK else [pytest.mark.long])
        for a, m in FIRST.items()
    ],
)
def test_a_line_makes_a_bundle_with_the_ontology_that_it_says(
    model: ZooModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if MEMBER[model.architecture] == "segformer":
        monkeypatch.setitem(
            published.MEMBERS,
            "segformer",
            published.Member(lambda: published.segformer(published.CLASSES), "Segformer", (64, 32)),
        )
    save(model, tmp_path / "published", monkeypatch)
    monkeypatch.chdir(tmp_path)
    width, height = published.MEMBERS[MEMBER[model.architecture]].size
    words = shlex.split(model.line)[1:]
    words[words.index(model.id)] = "published"
    words[words.index("--size") + 1] = f"{width}x{height}"
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    bundle = Bundle.load(tmp_path / model.short_name)
    assert bundle.manifest.ontology == Ontology.load(model.ontology)


def test_other_classes_get_a_template_that_import_takes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.save("segformer", tmp_path / "published", published.frames((64, 32)))
    monkeypatch.chdir(tmp_path)
    words = ["import", "published", "-o", "own", "--size", "64x32"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "fill in own_ontology.yaml, and import again with --ontology" in result.stderr
    template = Path("own_ontology.yaml")
    text = template.read_text()
    assert "# in none yet: LABEL_0, LABEL_1" in text
    place = "color: '#2e7d32'\n    classes: []"
    assert place in text
    filled = text.replace("LABEL_0", "grass").replace(place, place.replace("[]", "[grass]"))
    template.write_text(filled)
    again = ["import", "published", "-o", "again", "--size", "64x32", "--ontology", str(template)]
    result = CliRunner().invoke(app, again)
    assert result.exit_code == 0, result.output
    ontology = Bundle.load(tmp_path / "again").manifest.ontology
    assert ontology.groupings["traversability"][0].classes == ("grass",)
    assert Ontology.load(template) == ontology


def test_known_names_are_in_their_groups_already(tmp_path: Path) -> None:
    from seg_perception.importing.class_names import ontology_of
    from seg_perception.importing.template import write_template

    made = ontology_of(["road", "traffic light", "moon"], "mine")
    filled = Ontology.load(write_template(tmp_path / "mine.yaml", "mine", made))
    groups = {g.name: g.classes for g in filled.groupings["goose_category"]}
    assert (groups["road"], groups["sign"]) == (("road",), ("traffic light",))
    assert {g.name: g.classes for g in filled.groupings["movable"]} == {
        "static": ("road", "traffic light"),
        "movable": (),
    }
    assert "# in none yet: moon" in (tmp_path / "mine.yaml").read_text()

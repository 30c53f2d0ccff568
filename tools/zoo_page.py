"""Write docs/how_to/zoo.md from config/zoo.yaml. python -m tools.zoo_page."""

from __future__ import annotations

from itertools import groupby

from seg_perception.importing.zoo import ZooModel, zoo
from tools.reference_page import REFERENCE, table

PAGE = REFERENCE.parent / "how_to" / "zoo.md"
_HEAD = """# Public models

Written by `python -m tools.zoo_page` from `config/zoo.yaml`; `seg-perception import --list`
prints the same.

Each of these checkpoints becomes a bundle by one line, which loads it from the hub (or from a
folder, where its name is replaced by one). What the line does, and what it says of the result:
[import a model](own_model.md).

**The lines were tested with random weights of the same architecture**, not with these weights:
the machines that test this project reach no hub. What is right with the weights, the import
itself measures and prints: how many labels equal those of the authors' own pipeline.

- **Licence** is that of the weights, as far as their authors' repository states it; the data that
  they were trained on may have conditions of its own (Cityscapes and Mapillary Vistas: research
  only). Where none was found, put the one of the model's card in place of `LICENCE`.
- **mIoU** is what the authors published for the validation set of the data, in percent, at one
  scale where they say so; for COCO panoptic it is that of the semantic labels. Where no source
  was found there is no figure.
- **Size** is a choice: a wide one suits cameras, the authors' own gives their labels. Networks
  that take one size only say so.
- **Classes** are those of an [ontology](../reference/ontologies.md); a model that does not name
  its classes gets it by `--ontology`.
"""
_COLUMNS = ("model", "classes", "size", "weights", "licence", "mIoU", "source")


def page() -> str:
    """The page."""
    parts = [_HEAD]
    for architecture, models in groupby(zoo(), key=lambda model: model.architecture):
        parts.append(_part(architecture, list(models)))
    return "\n".join(parts).rstrip("\n") + "\n"


def _part(architecture: str, models: list[ZooModel]) -> str:
    lines = "\n".join(model.line for model in models)
    rows = table(_COLUMNS, [_row(model) for model in models])
    return f"## {architecture}\n\n{rows}```sh\n{lines}\n```\n"


def _row(model: ZooModel) -> tuple[str, ...]:
    weights = f"{model.weights_m:g} M" if model.weights_m else ""
    return (
        f"`{model.id}`",
        f"`{model.ontology}`",
        "x".join(map(str, model.size)),
        weights,
        model.licence or "see its card",
        f"{model.mean_iou:g}" if model.mean_iou else "",
        model.source,
    )


if __name__ == "__main__":
    PAGE.write_text(page())

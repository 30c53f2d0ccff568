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
[import a model](import.md).

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
_TAIL = """## As an ONNX file: ESPNetv2

Networks that `transformers` does not have come as [ONNX files](own_model.md). One with weights that
nobody here made was taken through: ESPNetv2 of sacmehta/EdgeNets (MIT, 0.79 M weights,
`espnetv2_s_2.0_city_1024x512.pth`, 66.4 % mIoU on Cityscapes by its authors). A recipe exports it
with their code at opset 17 with 1x3x512x1024 as input; ONNX has no pooling to a given size, so each
becomes two products with constant matrices, which changes no label:

```sh
git clone https://github.com/sacmehta/EdgeNets
python recipes/espnetv2.py EdgeNets espnetv2.onnx
```

`import espnetv2.onnx -o espnetv2 --frames frames` asks for what the file does not say and
shows what each form of pixels gives; with the answers, which stand in its repository, it is:

```sh
seg-perception import espnetv2.onnx -o espnetv2 --frames frames --licence MIT \\
  --pixels imagenet --channels rgb --activation softmax \\
  --names "road,sidewalk,building,wall,fence,pole,traffic light,traffic sign,vegetation,terrain,\\
sky,person,rider,car,truck,bus,train,motorcycle,bicycle,background"
```

The names are found: Cityscapes' classes and one for none of them, `cityscapes_train_20`. IoU of the
categories in percent on the 101 images of CamVid's validation part, by

```sh
seg-perception evaluate camvid --split recipes/splits/camvid.yaml --protocol categories \\
  --truth-ontology camvid_categories --set segmentation.bundle=espnetv2 -o runs/espnetv2
```

| | road | construction | vegetation | sky | human | vehicle | sign | object | mean |
|---|---|---|---|---|---|---|---|---|---|
| `espnetv2` | 94.4 | 81.6 | 81.2 | 92.6 | 72.2 | 66.3 | 26.1 | 22.7 | 67.1 |
| `field_tiny` | 94.6 | 83.7 | 88.5 | 93.7 | 62.2 | 81.4 | 38.3 | 18.0 | 70.1 |

`field_tiny` has learnt from CamVid's training part, ESPNetv2 from Cityscapes alone.

Looked at: in KITTI's frames roads, cars, trees and walls are right, pavement and guard rails mixed.
On RELLIS' meadow grass, sky and trees are right, but the puddle is road and a person's jacket is
vegetation: a model of streets has no words for a field.
"""
_COLUMNS = ("model", "classes", "size", "weights", "licence", "mIoU", "source")


def page() -> str:
    """The page."""
    parts = [_HEAD]
    for architecture, models in groupby(zoo(), key=lambda model: model.architecture):
        parts.append(_part(architecture, list(models)))
    parts.append(_TAIL)
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

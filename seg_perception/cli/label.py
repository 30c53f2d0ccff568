"""`seg-perception label`: label files of images, from many views of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from seg_perception.cli.options import AsJson, print_json


def command(  # noqa: PLR0913 (each is an option of the command line)
    images: Annotated[Path, typer.Argument(help="Folder of images, with sub-folders.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the labels; new.")],
    *,
    bundle: Annotated[str, typer.Option(help="Shipped name, folder or zip.")] = "field_tiny",
    scale: Annotated[
        list[float] | None, typer.Option(min=0.05, help="Of the base; repeat for more.")
    ] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Also look at the mirror image.")] = False,
    stride: Annotated[
        float, typer.Option(min=0.05, max=1, help="Of windows, as a share of their side.")
    ] = 0.5,
    base: Annotated[
        Literal["network", "image"], typer.Option(help="Scale 1 is the network's or image's size.")
    ] = "network",
    as_json: AsJson = False,
) -> None:
    """Label images offline, with windows, scales and mirror images; too slow for a robot.

    seg-perception label photos -o labels --scale 1 --scale 1.5 --flip

    Writes a PNG of class ids at each image's size, and what the ids mean as ontology.yaml.
    `evaluate --predictions` scores such a folder.
    """
    import yaml

    from seg_perception.cli.progress import progress_bar
    from seg_perception.config import SegmentationConfig
    from seg_perception.core.atomic_write import write_file
    from seg_perception.core.errors import ImageError
    from seg_perception.inference.augmented import AugmentedSegmenter, ViewPlan
    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.engine import create_engine
    from seg_perception.inference.reference_labels import find_images, label_images

    places = find_images(images, output)
    plan = ViewPlan(scales=tuple(scale or [1.0]), flip=flip, stride=stride, base=base)
    engine = create_engine(Bundle.load(bundle), SegmentationConfig(bundle=bundle))
    with progress_bar("labelling") as advance:
        label_images(AugmentedSegmenter(engine, plan), places, advance)
    engine.close()
    ontology = engine.bundle.ontology.model_dump(mode="json")
    text = yaml.safe_dump(ontology, sort_keys=False, allow_unicode=True)
    write_file(output / "ontology.yaml", text, ImageError)
    if as_json:
        done = {"output": str(output), "images": len(places), "engine": engine.description}
        print_json({**done, "views": plan.model_dump()})
    else:
        typer.echo(f"{output}: labels of {len(places)} images by {engine.description}")

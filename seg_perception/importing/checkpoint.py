"""From a folder of `transformers` to a bundle: load, trace, compare, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, ImportModelError
from seg_perception.core.types import label_dtype
from seg_perception.importing.authors import Authors
from seg_perception.importing.class_names import ontology_of
from seg_perception.importing.families.choice import choose_family
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.importing.pictures import Pictures, load_processor
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.manifest import (
    LabelsConfidenceOutput,
    NetworkInput,
    Parity,
    Precision,
    Training,
)
from seg_perception.inference.preprocessing import make_preprocessing
from seg_perception.training.export.onnx_graph import INPUT, OPSET, OUTPUTS, NetworkAnswer
from seg_perception.training.export.serving import ServingGraph
from seg_perception.training.export.variants import (
    ExportedVariant,
    export_variants,
    variant_sources,
)

# Under this key a manifest says what the authors do that the bundle can't.
DIFFERS = "authors_differ"
Image = NDArray[np.uint8]
Size = tuple[int, int]


@dataclass(frozen=True)
class ImportOptions:
    """How a model is imported.

    Attributes:
        size: width, height of the network.
        name, version: of the bundle.
        precisions: of the variants, the plain model's first.
        licence: name of the weights' licence; empty takes what the folder says.
    """

    size: Size
    name: str
    version: str = "1"
    precisions: tuple[Precision, ...] = ("fp32",)
    licence: str = ""


@dataclass(frozen=True)
class _Exported:
    """A network's graph and what it was compared with."""

    golden: Sequence[Image]
    reference: Sequence[NetworkAnswer]
    variants: Sequence[ExportedVariant]
    authors: Sequence[Parity]
    differs: Sequence[str]


def import_checkpoint(
    source: Path,
    output: Path,
    frames: Callable[[int, int], Sequence[Image]],
    options: ImportOptions,
) -> Bundle:
    """Make a bundle of a published network.

    Args:
        source: its folder.
        output: the bundle; must not exist.
        frames: gives pictures, uint8 (H, W, 3) RGB of any size, for the network's width and
            height; they become the golden frames.
        options: what is imported.

    Raises:
        ImportModelError: the folder, its weights or the size does not fit.
        TrainingError: the exported graph disagrees with torch.
        BundleError: the output exists.
    """
    expect_new(output, BundleError)
    folder = ModelFolder.read(source)
    licence = _licence(folder, options)
    names = folder.class_names
    processor = load_processor(folder)
    pictures = Pictures.of_processor(processor.to_dict())
    exported = _export(folder, processor, pictures, frames(*options.size), options)
    return write_bundle(output, _bundle(folder, names, pictures, exported, licence, options))


def _export(
    folder: ModelFolder,
    processor: Any,
    pictures: Pictures,
    images: Sequence[Image],
    options: ImportOptions,
) -> _Exported:
    family = choose_family(folder.architecture)
    network = family.load(folder, options.size)
    prepare = make_preprocessing(options.size, pictures.resize).prepare
    golden = [prepare(image) for image in images]
    graph = ServingGraph(network, normalisation=pictures.normalisation())
    reference, variants = export_variants(graph, options.size, options.precisions, golden)
    published = family.published(folder)
    own = published if family.is_published_size(folder, options.size) else network
    same = Authors(processor, own).compare_networks(golden, reference)
    differs = list(pictures.differs)
    parities = [same]
    try:
        authors = Authors(processor, published)
        parities.append(authors.compare_pipelines(images, reference, pictures.resize))
    except ImportModelError as error:
        differs.append(f"nothing is compared with it: {error}")
    return _Exported(golden, reference, variants, parities, differs)


def _bundle(
    folder: ModelFolder,
    names: Sequence[str],
    pictures: Pictures,
    exported: _Exported,
    licence: tuple[str, str],
    options: ImportOptions,
) -> BundleSource:
    width, height = options.size
    pairs = zip(exported.golden, exported.reference, strict=True)
    dtype = label_dtype(len(names))
    return BundleSource(
        name=options.name,
        version=options.version,
        ontology=ontology_of(names, options.name),
        input=NetworkInput.model_validate(
            {"name": INPUT, "width": width, "height": height, "resize": pictures.resize}
        ),
        output=LabelsConfidenceOutput(
            kind="labels_confidence", labels=OUTPUTS[0], confidence=OUTPUTS[1]
        ),
        model=exported.variants[0].model,
        variants=variant_sources(exported.variants),
        licence=licence[0],
        licence_text=licence[1],
        golden=[(image, a.labels.astype(dtype), a.confidence) for image, a in pairs],
        opset=OPSET,
        parity=(exported.variants[0].parity, *exported.authors),
        training=Training(details=_details(folder, exported.differs)),
    )


def _details(folder: ModelFolder, differs: Sequence[str]) -> dict[str, str | int | float]:
    details: dict[str, str | int | float] = {"architecture": folder.architecture}
    if differs:
        details[DIFFERS] = "; ".join(differs)
    return details


def _licence(folder: ModelFolder, options: ImportOptions) -> tuple[str, str]:
    """Name and text; whoever runs the robot must know what the weights may be used for."""
    name, text = folder.licence()
    name = options.licence or name
    if not name:
        msg = (
            f"{folder.path}: its README.md names no licence of the weights: look it up where they "
            "were published, and give it as --licence"
        )
        raise ImportModelError(msg)
    return name, text

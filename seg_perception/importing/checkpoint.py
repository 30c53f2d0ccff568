"""From a folder of `transformers` to a bundle: load, trace, compare, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, ImportModelError
from seg_perception.core.types import label_dtype
from seg_perception.importing.authors import Authors
from seg_perception.importing.class_names import chosen_ontology
from seg_perception.importing.families.choice import Family, choose_family
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.importing.options import ImportOptions
from seg_perception.importing.pictures import Pictures, load_processor
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.manifest import (
    LabelsConfidenceOutput,
    NetworkInput,
    Parity,
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
from seg_perception.training.models.network import SegmentationNetwork

Image = NDArray[np.uint8]
Size = tuple[int, int]
Frames = Callable[[int, int], Sequence[Image]]
# Under this key a manifest says what the authors do that the bundle can't.
DIFFERS = "authors_differ"


@dataclass(frozen=True)
class _Published:
    """What is imported.

    Attributes:
        folder: configuration and weights.
        processor: the authors', of `transformers`.
        pictures: what it does.
        differs: what the authors do otherwise.
    """

    folder: ModelFolder
    processor: Any
    pictures: Pictures
    differs: tuple[str, ...]


@dataclass(frozen=True)
class _Exported:
    """A network's graph and what it was compared with."""

    size: Size
    images: Sequence[Image]
    golden: Sequence[Image]
    reference: Sequence[NetworkAnswer]
    variants: Sequence[ExportedVariant]


def import_checkpoint(
    source: Path,
    output: Path,
    frames: Frames,
    options: ImportOptions,
    differs: Sequence[str] = (),
) -> Bundle:
    """Make a bundle of a network of `transformers`.

    Args:
        source: its folder.
        output: the bundle; must not exist.
        frames: gives pictures, uint8 (H, W, 3) RGB of any size, for the network's width and
            height; they become the golden frames.
        options: what is imported.
        differs: what the manifest says of the authors beside what is found here.

    Raises:
        ImportModelError: the folder, its weights or the size does not fit.
        TrainingError: the exported graph disagrees with torch.
        BundleError: the output exists.
    """
    expect_new(output, BundleError)
    folder = ModelFolder.read(source)
    licence = _licence(folder, options)
    family = choose_family(folder.architecture)
    processor = load_processor(folder)
    pictures = Pictures.of_processor(processor.to_dict())
    published = _Published(folder, processor, pictures, (*differs, *pictures.differs))
    size = options.size or _authors_size(published)
    network = family.load(folder, size)
    exported = _export(network, pictures, size, frames(*size), options)
    parities, differs = _compare(family, published, network, exported)
    published = replace(published, differs=(*published.differs, *differs))
    return write_bundle(output, _bundle(published, exported, parities, licence, options))


def _compare(
    family: Family, published: _Published, network: SegmentationNetwork, exported: _Exported
) -> tuple[list[Parity], list[str]]:
    """The authors' normalisation and network, then all that they do; and what was not so."""
    folder, differs = published.folder, []
    original = Authors(published.processor, family.published(folder))
    same = original
    if not family.is_published_size(folder, exported.size):
        same = Authors(published.processor, network, own_size=False)
        differs.append(
            "the authors' network takes its own size alone; in this one the positions of its "
            "patches are worked out for another"
        )
    parities = [same.compare_networks(exported.golden, exported.reference)]
    try:
        parities.append(
            original.compare_pipelines(
                exported.images, exported.reference, published.pictures.resize
            )
        )
    except ImportModelError as error:
        differs.append(f"nothing was compared with it: {error}")
    return parities, differs


def _authors_size(published: _Published) -> Size:
    size = published.pictures.size
    if size is None:
        msg = (
            f"{published.folder.path}: the authors' pictures have no one size: give --size WxH, "
            "the proportions of your camera's images in about their resolution "
            f"({published.processor.to_dict()['size']})"
        )
        raise ImportModelError(msg)
    return size


def _export(
    network: SegmentationNetwork,
    pictures: Pictures,
    size: Size,
    images: Sequence[Image],
    options: ImportOptions,
) -> _Exported:
    prepare = make_preprocessing(size, pictures.resize).prepare
    golden = [prepare(image) for image in images]
    calibration = options.calibration(*size) if options.calibration else ()
    graph = ServingGraph(network, normalisation=pictures.normalisation())
    reference, variants = export_variants(
        graph,
        size,
        options.precisions,
        golden,
        calibration=[prepare(image) for image in calibration],
    )
    return _Exported(size, images, golden, reference, variants)


def _bundle(
    published: _Published,
    exported: _Exported,
    authors: Sequence[Parity],
    licence: tuple[str, str],
    options: ImportOptions,
) -> BundleSource:
    names, said = published.folder.class_names, options.ontology
    source = str(published.folder.path)
    dtype = label_dtype(len(names))
    width, height = exported.size
    pairs = zip(exported.golden, exported.reference, strict=True)
    return BundleSource(
        name=options.name,
        version=options.version,
        ontology=chosen_ontology(names, said, options.name, source),
        input=NetworkInput.model_validate(
            {"name": INPUT, "width": width, "height": height, "resize": published.pictures.resize}
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
        parity=(exported.variants[0].parity, *authors),
        training=Training(details=_details(published)),
    )


def _details(published: _Published) -> dict[str, str | int | float]:
    details: dict[str, str | int | float] = {"architecture": published.folder.architecture}
    if published.differs:
        details[DIFFERS] = "; ".join(published.differs)
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

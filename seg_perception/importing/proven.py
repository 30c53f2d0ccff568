"""A published network as a graph that was compared with it, and as a bundle of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import label_dtype
from seg_perception.importing.class_names import chosen_ontology
from seg_perception.importing.options import ImportOptions
from seg_perception.importing.pictures import Pictures
from seg_perception.inference.bundle_writer import BundleSource
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
# Under this key a manifest says what the authors do that the bundle can't.
DIFFERS = "authors_differ"


@dataclass(frozen=True)
class Published:
    """What is imported.

    Attributes:
        source: where it was found.
        architecture: of the network.
        class_names: by id.
        licence: its name and text.
        pictures: what its authors do to an image.
        differs: what they do otherwise than the bundle.
    """

    source: str
    architecture: str
    class_names: tuple[str, ...]
    licence: tuple[str, str]
    pictures: Pictures
    differs: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """A network's graph and what it was compared with.

    Attributes:
        size: width, height.
        images: uint8 (H, W, 3) RGB, as they came.
        golden: the same at the network's size.
        reference: what torch answers to them.
        variants: the plain model first.
    """

    size: Size
    images: Sequence[Image]
    golden: Sequence[Image]
    reference: Sequence[NetworkAnswer]
    variants: Sequence[ExportedVariant]


def export(
    network: SegmentationNetwork,
    pictures: Pictures,
    size: Size,
    images: Sequence[Image],
    options: ImportOptions,
) -> Exported:
    """Trace a network and compare every variant with torch.

    Raises:
        TrainingError: one disagrees.
    """
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
    return Exported(size, images, golden, reference, variants)


def bundle_source(
    published: Published, exported: Exported, authors: Sequence[Parity], options: ImportOptions
) -> BundleSource:
    """What a bundle is written of.

    Args:
        published: what is imported.
        exported: its graph.
        authors: how it compares with what the authors have.
        options: name, version and ontology.

    Raises:
        ImportModelError: the ontology has other classes.
    """
    names = published.class_names
    dtype = label_dtype(len(names))
    width, height = exported.size
    pairs = zip(exported.golden, exported.reference, strict=True)
    return BundleSource(
        name=options.name,
        version=options.version,
        ontology=chosen_ontology(names, options.ontology, options.name, published.source),
        input=NetworkInput.model_validate(
            {"name": INPUT, "width": width, "height": height, "resize": published.pictures.resize}
        ),
        output=LabelsConfidenceOutput(
            kind="labels_confidence", labels=OUTPUTS[0], confidence=OUTPUTS[1]
        ),
        model=exported.variants[0].model,
        variants=variant_sources(exported.variants),
        licence=published.licence[0],
        licence_text=published.licence[1],
        golden=[(image, a.labels.astype(dtype), a.confidence) for image, a in pairs],
        opset=OPSET,
        parity=(exported.variants[0].parity, *authors),
        training=Training(details=_details(published)),
    )


def _details(published: Published) -> dict[str, str | int | float]:
    details: dict[str, str | int | float] = {"architecture": published.architecture}
    if published.differs:
        details[DIFFERS] = "; ".join(published.differs)
    return details

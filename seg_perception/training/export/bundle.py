"""From a checkpoint to a model bundle: trace, compare, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, TrainingError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.manifest import (
    LabelsConfidenceOutput,
    NetworkInput,
    Parity,
    Precision,
)
from seg_perception.inference.preprocessing import Resize, make_preprocessing
from seg_perception.training.checkpoint import Checkpoint, architecture_errors
from seg_perception.training.export.onnx_graph import (
    INPUT,
    OPSET,
    OUTPUTS,
    NetworkAnswer,
    run_torch,
)
from seg_perception.training.export.parity import label_agreement
from seg_perception.training.export.release import provenance
from seg_perception.training.export.release_file import ReleaseFile
from seg_perception.training.export.serving import HEADS, Head, ServingGraph
from seg_perception.training.export.variants import export_variants, variant_sources
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.network import SegmentationNetwork

_MOST_CLASSES = 255


@dataclass(frozen=True)
class ExportOptions:
    """What is exported.

    Attributes:
        size: width, height of the network; None takes that of the training.
        head: how the network's output becomes labels.
        precisions: of the variants; the plain model has the first.
        version: of the bundle.
        half_weights: store the weights in 16 bits, at half the size.
        calibration: gives the frames that INT8 is calibrated with, as golden frames are given;
            None writes no INT8.
    """

    size: tuple[int, int] | None = None
    head: Head = "exact"
    precisions: tuple[Precision, ...] = ("fp32",)
    version: str = "1"
    half_weights: bool = False
    calibration: Callable[[int, int], Iterable[NDArray[np.uint8]]] | None = None


def export_bundle(
    path: Path,
    folder: Path,
    release: ReleaseFile,
    frames: Callable[[int, int], Sequence[NDArray[np.uint8]]],
    options: ExportOptions | None = None,
) -> Bundle:
    """Export the averaged weights of a checkpoint, compare them with torch and write the bundle.

    Args:
        path: of the checkpoint.
        folder: of the bundle; it must not exist.
        release: what people say about the weights.
        frames: gives golden frames for a width and height, uint8 (H, W, 3) RGB; those of
            another size are stretched.
        options: what is exported.

    Raises:
        TrainingError: not a checkpoint, or an exported graph disagrees with torch.
        ConfigError: the size does not fit the network.
        BundleError: the folder is in use.
    """
    expect_new(folder, BundleError)
    options = options or ExportOptions()
    checkpoint = Checkpoint.load(path)
    config = checkpoint.training_config
    ontology = checkpoint.classes
    size = options.size or config.network_size
    graph = ServingGraph(load_network(checkpoint, ontology, path, size), options.head)
    prepare = make_preprocessing(size, Resize()).prepare
    golden = [prepare(frame) for frame in frames(*size)]
    calibration = options.calibration(*size) if options.calibration else ()
    reference, variants = export_variants(
        graph,
        size,
        options.precisions,
        golden,
        half_weights=options.half_weights,
        calibration=[prepare(frame) for frame in calibration],
    )
    heads = compare_heads(graph, reference, golden)
    source = BundleSource(
        name=release.name,
        version=options.version,
        ontology=ontology,
        input=NetworkInput.model_validate({"name": INPUT, "width": size[0], "height": size[1]}),
        output=LabelsConfidenceOutput(
            kind="labels_confidence", labels=OUTPUTS[0], confidence=OUTPUTS[1]
        ),
        model=variants[0].model,
        variants=variant_sources(variants),
        licence=release.licence,
        licence_text=release.licence_text,
        notice=release.notice,
        golden=[(i, a.labels, a.confidence) for i, a in zip(golden, reference, strict=True)],
        opset=OPSET,
        parity=(variants[0].parity, *heads),
        training=provenance(release, checkpoint),
    )
    return write_bundle(folder, source)


def compare_heads(
    graph: ServingGraph, reference: Sequence[NetworkAnswer], frames: Sequence[NDArray[np.uint8]]
) -> list[Parity]:
    """How often the cheaper heads agree with the exact one.

    Args:
        graph: what is served, with its own head.
        reference: what it answers.
        frames: to what, uint8 (H, W, 3) RGB.
    """
    chosen = graph.head
    answers = {chosen: reference}
    for head in HEADS:
        if head not in answers:
            graph.head = head
            answers[head] = run_torch(graph, frames)
    graph.head = chosen
    return [
        Parity(
            reference="exact head, torch",
            candidate=f"{head} head, torch",
            frames=len(frames),
            label_agreement=label_agreement(answers["exact"], answers[head]),
            max_abs_error=None,
        )
        for head in HEADS
        if head != "exact"
    ]


def load_network(
    checkpoint: Checkpoint, ontology: Ontology, path: Path, size: tuple[int, int] | None = None
) -> SegmentationNetwork:
    """The averaged network of a checkpoint, for evaluation.

    Args:
        checkpoint: what was trained.
        ontology: its classes.
        path: where it was read, for messages.
        size: width, height; None takes that of the training.

    Raises:
        TrainingError: weights of another architecture, or more classes than a byte tells apart.
        ConfigError: the size does not fit the network.
    """
    if ontology.id_count > _MOST_CLASSES:
        msg = (
            f"{path}: {ontology.id_count} classes, expected at most {_MOST_CLASSES}, since labels "
            "are bytes: train on a coarser ontology"
        )
        raise TrainingError(msg)
    config = checkpoint.training_config
    coarse = checkpoint.average.get("coarse.weight", torch.empty(0)).shape[0]
    network = build_network(config.model, ontology.id_count, coarse, size or config.network_size)
    with architecture_errors(path):
        network.load_state_dict(checkpoint.average)
    return network.eval()

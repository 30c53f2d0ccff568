"""From a checkpoint to a model bundle: trace, compare, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from seg_perception.export.onnx_graph import INPUT, OPSET, OUTPUTS, export_onnx, run_onnx, run_torch
from seg_perception.export.parity import measure_parity
from seg_perception.export.serving import ServingGraph
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.manifest import LabelsConfidenceOutput, NetworkInput, Training
from seg_perception.models.factory import build_network
from seg_perception.models.network import SegmentationNetwork
from seg_perception.ontology import Ontology
from seg_perception.training.checkpoint import Checkpoint, architecture_errors


@dataclass(frozen=True)
class Release:
    """What is said about the weights beside their numbers.

    Attributes:
        name, version: of the bundle.
        licence: one line.
        licence_text: in full.
        notice: shown once when the model is started.
        training: provenance.
    """

    name: str
    version: str
    licence: str
    licence_text: str
    notice: str
    training: Training


def export_bundle(
    path: Path,
    folder: Path,
    release: Release,
    frames: Sequence[NDArray[np.uint8]],
    size: tuple[int, int] | None = None,
) -> Bundle:
    """Export the averaged weights of a checkpoint, prove them and write the bundle.

    Args:
        path: of the checkpoint.
        folder: of the bundle; it must not exist.
        release: what is said about it.
        frames: golden frames, uint8 (H, W, 3) RGB of any size.
        size: width, height of the network; None takes that of the training.

    Raises:
        TrainingError: not a checkpoint, or the exported graph disagrees with torch.
        BundleError: the folder is in use.
    """
    checkpoint = Checkpoint.load(path)
    config = checkpoint.training_config
    ontology = Ontology.load(config.ontology)
    width, height = size or config.network_size
    graph = ServingGraph(load_network(checkpoint, ontology, path))
    golden = [
        np.asarray(cv2.resize(f, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        for f in frames
    ]
    model = export_onnx(graph, (width, height))
    reference = run_torch(graph, golden)
    names = (f"torch {torch.__version__} fp32", "onnxruntime CPUExecutionProvider")
    parity = measure_parity(reference, run_onnx(model, golden), names)
    source = BundleSource(
        name=release.name,
        version=release.version,
        ontology=ontology,
        input=NetworkInput.model_validate({"name": INPUT, "width": width, "height": height}),
        output=LabelsConfidenceOutput(
            kind="labels_confidence", labels=OUTPUTS[0], confidence=OUTPUTS[1]
        ),
        model=model,
        licence=release.licence,
        licence_text=release.licence_text,
        notice=release.notice,
        golden=[(image, labels) for image, (labels, _) in zip(golden, reference, strict=True)],
        opset=OPSET,
        parity=(parity,),
        training=release.training,
    )
    return write_bundle(folder, source)


def load_network(checkpoint: Checkpoint, ontology: Ontology, path: Path) -> SegmentationNetwork:
    """The averaged network of a checkpoint, for evaluation.

    Raises:
        TrainingError: weights of another architecture.
    """
    config = checkpoint.training_config
    network = build_network(config.model, ontology.id_count, 0, config.network_size)
    with architecture_errors(path):
        network.load_state_dict(checkpoint.average)
    return network.eval()

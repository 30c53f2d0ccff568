"""From a form without questions to the graph of a bundle, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.importing.onnx_file.answers import Answers
from seg_perception.importing.onnx_file.classes import placeholder
from seg_perception.importing.onnx_file.form import Form
from seg_perception.importing.onnx_file.source_graph import open_session
from seg_perception.inference.manifest import (
    LabelsConfidenceOutput,
    LabelsOutput,
    LogitsOutput,
    Manifest,
    NetworkInput,
    NetworkOutput,
)
from seg_perception.inference.onnx.ends import put_arg_max_inside, put_normalisation_inside
from seg_perception.inference.onnx.files import to_bytes
from seg_perception.inference.onnx.frozen import set_shape
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.inference.reading import Segmentation, make_reader
from seg_perception.inference.tensors import make_packer

Image = NDArray[np.uint8]
_UNLISTED = "0" * 64


@dataclass(frozen=True, eq=False)
class Converted:
    """A graph as a bundle has it.

    Attributes:
        model: ONNX bytes.
        input, output: what the manifest says of it.
    """

    model: bytes
    input: NetworkInput
    output: NetworkOutput


def convert(form: Form, answers: Answers) -> Converted:
    """Put normalisation, enlarging and arg-max into the graph, as far as it lacks them.

    A network of bytes keeps its input, and one that ends in class ids its output.
    """
    model = onnx.ModelProto()
    model.CopyFrom(form.source.model)
    network = form.network_input(answers)
    if network.dtype != "uint8":
        name = put_normalisation_inside(model, network)
        network = NetworkInput.model_validate(
            {"name": name, "width": network.width, "height": network.height}
        )
    output = _put_output_inside(model, form, answers)
    names = [output.name] if output.kind == "labels" else [output.labels, output.confidence]
    return Converted(keep_outputs(to_bytes(model), names), network, output)


def _put_output_inside(
    model: Any, form: Form, answers: Answers
) -> LabelsOutput | LabelsConfidenceOutput:
    output = form.output
    if output.kind == "labels_confidence":
        return LabelsConfidenceOutput(kind="labels_confidence")
    if output.kind == "labels" or output.layout is None:
        info = next(o for o in model.graph.output if o.name == output.name)
        set_shape(info, output.shape)
        return LabelsOutput(kind="labels", name=output.name)
    labels, confidence = put_arg_max_inside(
        model,
        output.name,
        output.shape,
        form.source.image.size,
        output.layout,
        output.activation or answers.activation or "softmax",
    )
    return LabelsConfidenceOutput(kind="labels_confidence", labels=labels, confidence=confidence)


def run_converted(form: Form, converted: Converted, images: Sequence[Image]) -> list[Segmentation]:
    """Labels and confidence of images at the network's size, as an engine gives them."""
    manifest = _manifest(form, converted.input, converted.output)
    reader = make_reader(manifest)
    session = open_session(form.source.file, converted.model)
    names = [spec.name for spec in reader.specs]
    packer = make_packer(converted.input)
    return [
        reader.read(session.run(names, {converted.input.name: packer.pack(image)}))
        for image in images
    ]


def run_source(form: Form, answers: Answers, images: Sequence[Image]) -> list[Segmentation]:
    """The same by the graph as it came: normalised, enlarged and compared on the host."""
    network = form.network_input(answers)
    output = form.output
    packer = make_packer(network)
    session = open_session(form.source.file, to_bytes(form.source.model))
    names = ["labels", "confidence"] if output.kind == "labels_confidence" else [output.name]
    reader = make_reader(_manifest(form, network, _host_output(form, answers)))
    return [
        reader.read(_told_apart(form, answers, session.run(names, {network.name: tensor})))
        for tensor in map(packer.pack, images)
    ]


def _host_output(form: Form, answers: Answers) -> NetworkOutput:
    output = form.output
    if output.kind == "labels_confidence":
        return LabelsConfidenceOutput(kind="labels_confidence")
    if output.kind == "labels" or output.layout is None:
        return LabelsOutput(kind="labels", name=output.name)
    activation = output.activation or answers.activation or "softmax"
    if output.classes == 1 and activation == "sigmoid":
        activation = "softmax"
    return LogitsOutput(
        kind="logits", name=output.name, layout=output.layout, activation=activation
    )


def _told_apart(
    form: Form, answers: Answers, tensors: Sequence[NDArray[Any]]
) -> list[NDArray[Any]]:
    """One map alone beside what is left of it."""
    output = form.output
    if output.kind != "maps" or output.classes != 1:
        return list(tensors)
    (maps,) = tensors
    activation = output.activation or answers.activation
    other = 1 - maps if activation == "none" else np.zeros_like(maps)
    return [np.concatenate([other, maps], axis=1 if output.layout == "NCHW" else 3)]


def ontology_of(form: Form) -> Ontology:
    """The form's, or classes without names."""
    return form.ontology or placeholder(form.class_count or 255)


def _manifest(form: Form, network: NetworkInput, output: NetworkOutput) -> Manifest:
    """As much of a manifest as readers need; no frames yet, so that nothing is claimed."""
    return Manifest.model_construct(
        name="import",
        version="1",
        ontology=ontology_of(form),
        input=network,
        output=output,
        files={"model.onnx": _UNLISTED},
        licence="unknown",
    )

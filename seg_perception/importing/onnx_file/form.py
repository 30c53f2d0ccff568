"""Everything that has to be known of an ONNX file, and the questions about what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seg_perception.core.errors import ImportModelError
from seg_perception.core.ontology import Ontology
from seg_perception.importing.onnx_file.answers import CHANNELS, PIXELS, Answers
from seg_perception.importing.onnx_file.classes import (
    expect_count,
    find_ontology,
    placeholder,
    with_as_many,
)
from seg_perception.importing.onnx_file.graph_hints import first_arithmetic, with_nodes
from seg_perception.importing.onnx_file.image_input import blank, chosen_size
from seg_perception.importing.onnx_file.outputs import Output, find_outputs, with_values
from seg_perception.importing.onnx_file.source_graph import SourceGraph
from seg_perception.importing.template import write_template
from seg_perception.inference.manifest import NetworkInput
from seg_perception.inference.tensors import make_packer

_LICENCE_KEYS = ("license", "licence")


@dataclass(frozen=True, eq=False)
class Form:
    """What was found in a file and said of it.

    Attributes:
        source: the graph, frozen where its size is known.
        answers: what was said.
        outputs: those that would do; one where it is clear which.
        ontology: None where nobody knows the classes' names.
        template: where an ontology to fill in is written.
    """

    source: SourceGraph
    answers: Answers
    outputs: tuple[Output, ...]
    ontology: Ontology | None
    template: Path

    @property
    def output(self) -> Output:
        """The output that is taken."""
        return self.outputs[0]

    @property
    def class_count(self) -> int | None:
        """How many classes are told apart; None where it can't be known."""
        if self.outputs and self.output.classes:
            return 2 if self.output.classes == 1 else self.output.classes
        return len(self.ontology.classes) if self.ontology else None

    @property
    def licence(self) -> str:
        """Of the weights; empty where nobody says."""
        written = (self.source.metadata.get(key, "") for key in _LICENCE_KEYS)
        return self.answers.licence or next(filter(None, written), "")

    def network_input(self, answers: Answers) -> NetworkInput:
        """The manifest's input of the graph as it came."""
        image = self.source.image
        width, height = image.size
        scale, mean, std = answers.normalisation()
        floats = {} if image.dtype == "uint8" else {"scale": scale, "mean": mean, "std": std}
        return NetworkInput.model_validate(
            {
                "name": image.name,
                "width": width,
                "height": height,
                "dtype": image.dtype,
                "layout": image.layout,
                "channels": answers.channels or "rgb",
                **floats,
            }
        )

    def shape_questions(self) -> list[str]:
        """What must be known before the graph can be run."""
        image, questions = self.source.image, []
        if image.layout is None:
            questions.append(f"--layout NCHW|NHWC (the input is {list(image.shape)})")
        if image.is_open:
            questions.append("--size WxH (the graph takes any)")
        return questions

    def output_questions(self) -> list[str]:
        """What must be known before its answer can be read."""
        if len(self.outputs) > 1:
            shapes = ", ".join(f"{o.name} {list(o.shape)}" for o in self.outputs)
            return [f"--output-name NAME (several would do: {shapes})"]
        if self.outputs and self.output.kind == "maps" and self.output.layout is None:
            return [f"--output-layout NCHW|NHWC ({self.output.name} is {list(self.output.shape)})"]
        return []

    def pixel_questions(self) -> list[str]:
        """What can't be known of the pixels, but seen."""
        image, said, questions = self.source.image, self.answers, []
        if image.dtype != "uint8" and said.pixels is None:
            hint = first_arithmetic(self.source.model, image.name)
            hint = f"; the graph first {hint}" if hint else ""
            questions.append(f"--pixels {'|'.join(PIXELS)} (and --mean, --std{hint})")
        if said.channels is None and not self._is_own:
            questions.append(f"--channels {'|'.join(CHANNELS)}")
        return questions

    def other_questions(self) -> list[str]:
        """What nobody can see."""
        return [*self._activation(), *self._names(), *self._licence()]

    @property
    def _is_own(self) -> bool:
        """The project's own form takes RGB."""
        return bool(self.outputs) and self.output.kind == "labels_confidence"

    def _activation(self) -> Iterator[str]:
        one = len(self.outputs) == 1
        known = self.output.activation or self.answers.activation if one else None
        if one and self.output.kind == "maps" and not known:
            yield "--activation softmax|sigmoid|none (what makes probabilities of its scores)"

    def _names(self) -> Iterator[str]:
        if self.ontology is not None:
            return
        count = self.class_count
        if count is None:
            yield "--names A,B,C or --ontology NAME|FILE (of its classes, all of them)"
            return
        same = with_as_many(count)
        also = f", {', '.join(same)} has as many" if same else ""
        file = write_template(self.template, self.source.file.name, placeholder(count))
        yield f"--names or --ontology (of its {count} classes; {file} is one to fill in{also})"

    def _licence(self) -> Iterator[str]:
        if not self.licence:
            yield "--licence (of the weights: look where they were published)"


def read_form(file: Path, answers: Answers, template: Path) -> Form:
    """Find what can be found.

    Raises:
        ImportModelError: the file can't be used, or what was said contradicts it.
        EngineError: it can't be read.
    """
    source = SourceGraph.read(file, answers.layout)
    ontology = find_ontology(answers, source.metadata)
    known = source.image.layout is not None
    size = chosen_size(file, source.image, answers.size) if known else None
    if size is None:
        return Form(source, answers, (), ontology, template)
    frozen = source.frozen(size)
    form = Form(frozen, answers, (), ontology, template)
    picture = make_packer(form.network_input(answers)).pack(blank(frozen.image, size))
    values = frozen.run(picture)
    count = len(ontology.classes) if ontology else None
    found = find_outputs(file, values, size, source.metadata, answers, count)
    outputs = tuple(with_values(file, with_nodes(o, frozen.model), values[o.name]) for o in found)
    form = Form(frozen, answers, outputs, ontology, template)
    _expect_no_contradiction(form)
    if ontology and len(outputs) == 1 and form.class_count is not None:
        expect_count(file, ontology, form.class_count)
    return form


def _expect_no_contradiction(form: Form) -> None:
    """Refuse what was said where the file says something else: nothing is left out in silence.

    Raises:
        ImportModelError: it is said of pixels that are bytes, or of an output that tells more.
    """
    said, file = form.answers, form.source.file
    given = {"--pixels": said.pixels, "--mean": said.mean, "--std": said.std}
    floats = [option for option, value in given.items() if value is not None]
    if floats and form.source.image.dtype == "uint8":
        msg = f"{file} takes bytes and normalises them itself: leave {', '.join(floats)} out"
        raise ImportModelError(msg)
    if said.activation is None or len(form.outputs) != 1:
        return
    output = form.output
    if output.kind != "maps":
        msg = f"{file} gives class ids, which have no probabilities: leave --activation out"
        raise ImportModelError(msg)
    if output.activation not in (None, said.activation):
        msg = (
            f"{file}: --activation {said.activation} does not fit, {output.why}: expected "
            f"{output.activation}, leave it out"
        )
        raise ImportModelError(msg)

"""Teachers whose labels join the clicks, and the gate that lets them or not: the bench's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.teach.places import Place
from bench.teach.results import Trial
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.preprocessing import make_preprocessing
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.targets import NO_TARGET
from seg_perception.teaching.points import differing_cells, random_cells
from seg_perception.teaching.teacher_proof import TeacherAnswer, judge_answers

Labels: TypeAlias = NDArray[np.uint8]
# A teacher's points, and every which of them is anywhere, as the page asks them.
_POINTS, _RANDOM_EVERY = 60, 3
# What a student takes of its own answers.
_SURE = 230


@dataclass(frozen=True, eq=False)
class Pupil:
    """Who is taught, and the frames that a teacher is asked about.

    Attributes:
        bundle: of the student.
        taught: frames that are learnt from.
        proof: frames that were kept aside, with truth.
    """

    bundle: Bundle
    taught: Place
    proof: Place


Teach: TypeAlias = Callable[[Pupil, str, int], Sequence[Labels]]


def rows(clicks: int, seed: int) -> Iterator[Trial]:
    """The rows of teachers for a seed."""
    yield Trial("self-training", clicks, seed, teacher="own")
    yield Trial("teacher, no gate", clicks, seed, teacher="all")
    yield Trial("teacher, gate", clicks, seed, teacher="gate")


def own_labels(pupil: Pupil, _teacher: str, _seed: int) -> list[Labels]:
    """What the student says of itself where it is sure."""
    labeller = Labeller(pupil.bundle.model_path.read_bytes(), pupil.bundle.manifest)
    found = []
    for picture in pupil.taught.pictures:
        labels, confidence = labeller.label(picture)[:2]
        found.append(np.where(confidence >= _SURE, labels, NO_TARGET).astype(np.uint8))
    return found


def all_labels(pupil: Pupil, teacher: str, _seed: int) -> list[Labels]:
    """Everything that a bundle says."""
    return _labels(pupil, teacher, pupil.taught.pictures)


def gated_labels(pupil: Pupil, teacher: str, seed: int) -> list[Labels]:
    """What a bundle says of the classes that it is proven better at, by sixty points."""
    names = [verdict.name for verdict in verdicts(pupil, teacher, seed) if verdict.takes]
    print(f"the gate lets the teacher label {', '.join(names) or 'nothing'}", flush=True)
    taken = [pupil.bundle.ontology.ids[name] for name in names]
    found = all_labels(pupil, teacher, seed)
    return [
        np.where(np.isin(labels, taken), labels, NO_TARGET).astype(np.uint8) for labels in found
    ]


TEACHERS: Mapping[str, Teach] = {"own": own_labels, "all": all_labels, "gate": gated_labels}


def verdicts(pupil: Pupil, teacher: str, seed: int) -> list[Any]:
    """The gate's, of answers with the truth at points that are drawn as the page draws them."""
    student = Labeller(pupil.bundle.model_path.read_bytes(), pupil.bundle.manifest)
    pictures = pupil.proof.pictures
    before = [np.asarray(student.label(picture)[0]) for picture in pictures]
    said = _labels(pupil, teacher, pictures)
    after = [np.where(a == NO_TARGET, b, a) for a, b in zip(said, before, strict=True)]
    masks = [(str(n), a != b) for n, (a, b) in enumerate(zip(after, before, strict=True))]
    anywhere = _POINTS // _RANDOM_EVERY
    cells = differing_cells(masks, _POINTS - anywhere, seed)
    cells += random_cells([name for name, _ in masks], before[0].shape[:2], anywhere, seed)
    answers = []
    for cell in cells:
        frame, place = int(cell.frame), (cell.row, cell.column)
        if (name := pupil.proof.names.get(int(pupil.proof.truths[frame][place]))) is not None:
            truth = _truth(pupil, (after[frame], before[frame]), frame, place, name)
            answers.append(
                TeacherAnswer(frame, int(after[frame][place]), int(before[frame][place]), truth)
            )
    share = float(np.mean([mask.mean() for _, mask in masks]))
    names = [entry.name for entry in pupil.bundle.ontology.classes]
    return judge_answers(names, answers, len(pictures), share)


def _truth(
    pupil: Pupil, said: tuple[Any, Any], frame: int, place: tuple[int, int], name: str
) -> int:
    """The class that somebody would press: one that a model said, where masks mean several."""
    for labels in said:
        if pupil.proof.right(labels, frame)[place]:
            return int(labels[place])
    return int(pupil.bundle.ontology.ids[name])


def _labels(pupil: Pupil, teacher: str, pictures: Sequence[Labels]) -> list[Labels]:
    """A bundle's labels in the student's ids, at the student's size."""
    bundle = Bundle.load(teacher)
    labeller = Labeller(bundle.model_path.read_bytes(), bundle.manifest)
    size = bundle.width, bundle.height
    if size != (pupil.bundle.width, pupil.bundle.height):
        msg = f"{teacher}: expected a network of the student's size, got one of {size}"
        raise SystemExit(msg)
    table = np.full(256, NO_TARGET, np.uint8)
    for name, number in bundle.ontology.ids.items():
        table[number] = pupil.bundle.ontology.ids.get(name, NO_TARGET)
    prepare = make_preprocessing(size, bundle.manifest.input.resize).prepare
    return [table[np.asarray(labeller.label(prepare(picture))[0])] for picture in pictures]

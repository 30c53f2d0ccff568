"""Of a teacher's labels only those classes that it tells better than the student."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.folder import LabellingFolder
from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import DatasetError, OpenVocabularyError
from seg_perception.core.issue_kinds.labels import NO_TEACHER_LABELS, NOT_HELD_OUT
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.json_document import dump_json
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.layouts import open_folder
from seg_perception.evaluation.scores import ClassCounts
from seg_perception.evaluation.teacher_gate import ClassVerdict, count_classes, judge_teacher
from seg_perception.open_vocabulary.pointing.truth import file_name
from seg_perception.open_vocabulary.teacher import Image

GATE = "gate.json"
Student = Callable[[Image], NDArray[Any]]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class HeldOut:
    """Pictures whose truth is known, and that neither teacher nor student learnt from.

    Attributes:
        truth: labelled folder.
        teacher: folder of the teacher's labels of the same pictures, by their names.
    """

    truth: Path
    teacher: Path


def judge_labels(
    held_out: HeldOut, student: Student, student_classes: Ontology, issues: IssueLog
) -> list[ClassVerdict]:
    """A verdict for each of the teacher's classes that the held-out truth has.

    Args:
        held_out: truth and teacher's labels.
        student: labels, ids of its ontology (H, W), of a picture, uint8 (H, W, 3).
        student_classes: its ontology.
        issues: told of held-out pictures without labels, and of classes that truth lacks.

    Raises:
        DatasetError: a folder can't be read.
        OpenVocabularyError: the folders have no picture in common, or name no classes.
    """
    truth, teacher = open_folder(held_out.truth), open_folder(held_out.teacher)
    space = _classes(teacher)
    names = tuple(space.names[number] for number in sorted(space.names))
    looks = [_onto(_classes(folder), names) for folder in (truth, teacher)]
    own = _onto(student_classes, names)
    said: dict[str, list[tuple[Labels, Labels]]] = {"teacher": [], "student": []}
    by_name = {file_name(pair): pair for pair in teacher.pairs}
    for pair in truth.pairs:
        other = by_name.get(file_name(pair))
        if other is None:
            issues.add(NO_TEACHER_LABELS, "", name=file_name(pair))
            continue
        real, taught = looks[0][truth.read(pair)], looks[1][teacher.read(other)]
        _expect_same_size(real, taught, other.labels)
        said["teacher"].append((real, taught))
        said["student"].append((real, own[student(read_image(pair.image))]))
    if not said["teacher"]:
        msg = (
            f"{held_out.teacher}: holds no picture of {held_out.truth} by name; label the held-out "
            "pictures with the same words and teacher, and name that folder"
        )
        raise OpenVocabularyError(msg)
    counts = [_count(said[who], len(names)) for who in ("teacher", "student")]
    verdicts = judge_teacher(names, counts[0], counts[1])
    if unproven := sorted(set(names) - {verdict.name for verdict in verdicts}):
        issues.add(NOT_HELD_OUT, "", classes=", ".join(unproven))
    return verdicts


def _count(frames: Sequence[tuple[Labels, Labels]], count: int) -> ClassCounts:
    """Counts of the named classes; a pixel that is truly of another class is wrong for all."""
    counts = count_classes(frames, count + 1)
    return ClassCounts(
        counts.correct[:, :count], counts.truth[:, :count], counts.predicted[:, :count]
    )


def write_gated(labels: Path, output: Path, verdicts: Sequence[ClassVerdict]) -> dict[str, float]:
    """Copy a labelled folder with the labels of those classes alone that passed.

    What is taken away has no label then, which training ignores.

    Args:
        labels: as `label --words` wrote it.
        output: a new folder.
        verdicts: of the gate.

    Returns:
        Share of pixels by class that passed.

    Raises:
        DatasetError: the folder can't be read, or the output exists.
        OpenVocabularyError: no class passed.
    """
    taken = {verdict.name for verdict in verdicts if verdict.takes}
    if not taken:
        msg = (
            f"{labels}: no class of the teacher is proven better than the student's on the "
            "held-out pictures, so that nothing is left to learn; hold out more pictures, or take "
            "a better teacher"
        )
        raise OpenVocabularyError(msg)
    folder = open_folder(labels)
    space = _classes(folder)
    keep = np.full(256, space.unknown_id, np.uint8)
    for name in taken & set(space.ids):
        keep[space.ids[name]] = space.ids[name]
    pixels = np.zeros(256, np.int64)
    with draft_folder(output, DatasetError) as draft:
        with LabellingFolder(draft, space) as copied:
            for name, image, mask in _pictures(folder):
                left = keep[mask]
                pixels += np.bincount(left.reshape(-1), minlength=256)
                copied.add(name, image, left)
        document = {"labels": str(labels), "verdicts": [v.to_json() for v in verdicts]}
        write_file(draft / GATE, dump_json(document), DatasetError)
    total = int(pixels.sum())
    return {name: float(pixels[space.ids[name]] / total) for name in sorted(taken)}


def _pictures(folder: LabelledFolder) -> Iterator[tuple[str, Image, Labels]]:
    for pair in folder.pairs:
        yield file_name(pair), read_image(pair.image), folder.read(pair).astype(np.uint8)


def _classes(folder: LabelledFolder) -> Ontology:
    if folder.ontology is None:
        msg = f"{folder.root}: names no classes; put an ontology.yaml with their ids beside them"
        raise OpenVocabularyError(msg)
    return folder.ontology


def _onto(space: Ontology, names: Sequence[str]) -> Labels:
    """Place among the names by id, uint8 (65536,); one more for another class, two for none."""
    table = np.full(1 << 16, len(names) + 1, np.uint8)
    places: Mapping[str, int] = {name: place for place, name in enumerate(names)}
    for name, number in space.ids.items():
        # A class that is void in its data set is no truth.
        if name not in space.ignore:
            table[number] = places.get(name, len(names))
    return table


def _expect_same_size(truth: Labels, taught: Labels, path: Path) -> None:
    if truth.shape != taught.shape:
        msg = f"{path}: expected labels of {truth.shape}, got {taught.shape}; label the same files"
        raise DatasetError(msg)

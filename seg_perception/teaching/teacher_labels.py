"""What a teacher says of frames: any bundle, or the labels of a folder, in a student's classes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TeachingError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.layouts import open_folder
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.preprocessing import make_preprocessing
from seg_perception.teaching.learning.graph_runner import Labeller

NO_LABEL = 255
BOXES = "boxes.json"
Labels: TypeAlias = NDArray[np.uint8]
# Left, upper, right and lower edge, pixels of the frame's picture.
Box: TypeAlias = tuple[float, float, float, float]


class Teacher(Protocol):
    """Labels frames."""

    def labels(self, name: str, image: NDArray[np.uint8]) -> Labels | None:
        """Ids of the student's ontology, `NO_LABEL` where there is none; None: not this frame.

        Args:
            name: of the frame.
            image: uint8 (H, W, 3) RGB.

        Returns:
            uint8 of any size, of the whole image.
        """
        ...


def open_teacher(source: str, student: Ontology, classes: Sequence[str]) -> Teacher:
    """A bundle, or a folder of labelled images whose names are those of frames.

    Args:
        source: shipped name, folder or zip of a bundle; or a labelled folder, as `mine` and `label`
            write it.
        student: whose classes are taught.
        classes: that it may label; empty: all that both know by the same name.

    Raises:
        TeachingError: the student lacks a class, or both have none in common.
        BundleError, DatasetError: it can't be read.
    """
    for name in classes:
        if name not in student.ids:
            msg = f"--teacher-class {name!r}: expected one of the model's, {sorted(student.ids)}"
            raise TeachingError(msg)
    path = Path(source)
    if path.is_dir() and not (path / "manifest.json").is_file():
        return _FolderTeacher(path, student, classes)
    return _BundleTeacher(Bundle.load(source), student, classes)


def inside_boxes(
    labels: Labels, boxes: Mapping[int, Sequence[Box]], size: tuple[int, int]
) -> Labels:
    """Labels without those of boxed classes outside of their boxes.

    Args:
        labels: uint8 (h, w), of a whole picture.
        boxes: of it by class; a class that is not named here is not boxed.
        size: width and height of the picture in whose pixels boxes are.
    """
    kept: Labels = np.array(labels)
    rows, columns = labels.shape
    across, down = columns / size[0], rows / size[1]
    for number, some in boxes.items():
        inside = np.zeros(labels.shape, np.bool_)
        for left, upper, right, lower in some:
            horizontal = slice(round(left * across), round(right * across))
            inside[round(upper * down) : round(lower * down), horizontal] = True
        kept[(labels == number) & ~inside] = NO_LABEL
    return kept


class _BundleTeacher:
    def __init__(self, bundle: Bundle, student: Ontology, classes: Sequence[str]) -> None:
        self._table = _table(bundle.ontology, student, classes, bundle.manifest.name)
        resize = bundle.manifest.input.resize
        self._preprocessing = make_preprocessing((bundle.width, bundle.height), resize)
        self._labeller = Labeller(bundle.model_path.read_bytes(), bundle.manifest)

    def labels(self, name: str, image: NDArray[np.uint8]) -> Labels:
        del name
        labels = self._labeller.label(self._preprocessing.prepare(image))[0]
        size = image.shape[1], image.shape[0]
        whole = self._preprocessing.restore(labels.astype(np.int64), size, len(self._table) - 1)
        found: Labels = self._table[whole]
        return found


class _FolderTeacher:
    def __init__(self, root: Path, student: Ontology, classes: Sequence[str]) -> None:
        self._folder = open_folder(root)
        if self._folder.ontology is None:
            msg = (
                f"{root}: says not what its labels mean; expected ontology.yaml beside them, as "
                "mine and label write it"
            )
            raise TeachingError(msg)
        self._table = _table(self._folder.ontology, student, classes, str(root))
        self._pairs = {Path(pair.image).stem: pair for pair in self._folder.pairs}
        self._boxes = _read_boxes(root / BOXES, student)

    def labels(self, name: str, image: NDArray[np.uint8]) -> Labels | None:
        pair = self._pairs.get(name)
        if pair is None:
            return None
        ids = np.minimum(self._folder.read(pair).astype(np.int64), len(self._table) - 1)
        size = image.shape[1], image.shape[0]
        return inside_boxes(self._table[ids], self._boxes.get(name, {}), size)


def _table(teacher: Ontology, student: Ontology, classes: Sequence[str], named: str) -> Labels:
    """The student's ids by the teacher's; the last place is of no label.

    Raises:
        TeachingError: nothing in common.
    """
    wanted: Collection[str] = classes or student.ids
    table = np.full(max(teacher.ids.values(), default=0) + 2, NO_LABEL, np.uint8)
    for name, number in teacher.ids.items():
        if name in wanted and name in student.ids:
            table[number] = student.ids[name]
    if (table == NO_LABEL).all():
        msg = (
            f"teacher {named}: none of its classes {sorted(teacher.ids)} is one of "
            f"{sorted(wanted)}; classes are matched by their names"
        )
        raise TeachingError(msg)
    return table


def _read_boxes(path: Path, student: Ontology) -> dict[str, dict[int, list[Box]]]:
    """Boxes by frame and class; none where there is no file.

    Raises:
        TeachingError: the file is damaged, or names a class that the student lacks.
    """
    try:
        document: Any = json.loads(path.read_bytes())
        return {
            frame: {
                student.ids[name]: [_box(entry) for entry in some] for name, some in boxes.items()
            }
            for frame, boxes in document.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        msg = (
            f"{path}: expected {{frame: {{class: [[left, upper, right, lower], ...]}}}} with "
            f"classes of the model, got {type(error).__name__}: {error}"
        )
        raise TeachingError(msg) from error


def _box(entry: Sequence[float]) -> Box:
    left, upper, right, lower = (float(edge) for edge in entry)
    return left, upper, right, lower

"""`python -m seg_perception.teaching.learning.worker FOLDER N`: trains one round and ends."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import SegPerceptionError, TeachingError
from seg_perception.core.json_document import dump_json
from seg_perception.teaching.clicks import Click, NewClass, digest, of_part
from seg_perception.teaching.learning.carried import CarriedClicks
from seg_perception.teaching.learning.graph import TeachableGraph, replace_weights
from seg_perception.teaching.learning.keep import kept_of
from seg_perception.teaching.learning.lesson import (
    ClickedPicture,
    Encoder,
    Lesson,
    kept_pictures,
    taught_pictures,
)
from seg_perception.teaching.learning.targets import NO_TARGET, Point
from seg_perception.teaching.learning.teacher import (
    TeachingOptions,
    grown,
    score_size,
    teach_head,
)
from seg_perception.teaching.learning.torch_head import teachable
from seg_perception.teaching.rounds import DONE, FAILED, MODEL, PROGRESS, REQUEST
from seg_perception.teaching.session import Session


def main() -> None:
    """Train the round that is named on the command line."""
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    cv2.setNumThreads(1)
    session = Session(folder)
    place = session.round_folder(number)
    try:
        facts = train_round(session, place)
    except SegPerceptionError as error:
        write_file(place / FAILED, dump_json({"reason": str(error)}), TeachingError)
        raise SystemExit(str(error)) from error
    write_file(place / DONE, dump_json(facts), TeachingError, sync=True)


def train_round(session: Session, place: Path) -> dict[str, Any]:
    """Teach the head on a round's clicks and write the model.

    Args:
        session: read again by this process.
        place: the round's folder, with its request.

    Returns:
        What a finished round says of itself.

    Raises:
        TeachingError: nothing to learn from, or a model that can't be taught.
    """
    started_s = time.process_time()
    request = json.loads((place / REQUEST).read_bytes())
    clicks = [c for c in of_part(session.record.clicks, "teach") if c.number < request["clicks"]]
    if not clicks:
        msg = "expected clicks to learn from, got none: answer some questions first"
        raise TeachingError(msg)
    graph = teachable(session.bundle)
    notes: list[str] = []
    carried = CarriedClicks(session, clicks)
    teacher = _TeacherTargets(session, request.get("teacher_classes", ()))
    lesson = _lesson(session, graph, clicks, carried, teacher, notes)
    config = session.settings.config
    options = TeachingOptions.for_clicks(len(clicks), config.steps, config.seed)

    parent = os.getppid()

    def advance(done: int, total: int) -> None:
        if os.getppid() != parent:
            msg = "whoever wanted this round is gone"
            raise SystemExit(msg)
        if done % 5 == 0 or done == total:
            write_file(place / PROGRESS, dump_json({"done": done, "total": total}), TeachingError)

    values = teach_head(graph, lesson, options, advance)
    larger = grown(graph, lesson.like)
    model = replace_weights(larger, values, larger.class_count)
    write_file(place / MODEL, model, TeachingError, sync=True)
    return {
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "clicks": len(clicks),
        "carried_clicks": carried.count,
        "teacher_classes": teacher.classes,
        "clicks_sha256": digest(clicks, session.record.new_classes),
        "classes": sorted({click.label for click in clicks}),
        "new_classes": [entry.name for entry in session.record.new_classes],
        "steps": options.steps,
        "seed": options.seed,
        "method": "head" if len(graph.head) > 1 else "last layer",
        "cpu_s": round(time.process_time() - started_s, 1),
        "notes": [*notes, *doubts(clicks, session.record.new_classes)],
    }


def _lesson(
    session: Session,
    graph: TeachableGraph,
    clicks: list[Click],
    carried: CarriedClicks,
    teacher: _TeacherTargets,
    notes: list[str],
) -> Lesson:
    encoder = Encoder(graph, session.bundle.manifest)
    points: dict[str, list[Point]] = defaultdict(list)
    for click in clicks:
        cell = session.store.cell(session.frames[click.frame], click.x, click.y)
        if cell is not None:
            points[click.frame].append(Point(*cell, session.ontology.ids[click.label]))
    first = session.store.picture(next(iter(points)))
    size = score_size(graph, encoder.features(first))

    def seen(name: str) -> ClickedPicture:
        picture = session.store.picture(name)
        return ClickedPicture(encoder.features(picture), picture, points[name], teacher.of(name))

    def beside(name: str) -> ClickedPicture:
        picture = carried.picture(name)
        return ClickedPicture(encoder.features(picture), picture, carried.points[name])

    clicked = [seen(name) for name in sorted({*points, *teacher.frames})]
    taught = taught_pictures(graph, clicked, size)
    others = taught_pictures(graph, [beside(name) for name in carried.points], size)
    kept = kept_pictures(encoder, kept_of(session, notes), size)
    ids = session.bundle.ontology.ids
    like = tuple(ids[c.like] for c in session.record.new_classes)
    return Lesson(taught, kept, like, others)


class _TeacherTargets:
    """Labels of the classes that the gate lets a teacher tell."""

    def __init__(self, session: Session, classes: Sequence[str]) -> None:
        self.classes = list(classes)
        self._session = session
        self._ids = [session.bundle.ontology.ids[name] for name in classes]
        self.frames = [frame.name for frame in session.of_part("teach")] if classes else []

    def of(self, frame: str) -> NDArray[np.uint8] | None:
        """Uint8 (h, w), `NO_TARGET` where it may not speak; None without a class."""
        if not self._ids:
            return None
        labels = self._session.taught_by(frame)
        return np.where(np.isin(labels, self._ids), labels, np.uint8(NO_TARGET))


def doubts(clicks: Sequence[Click], added: Sequence[NewClass]) -> list[str]:
    """What a reader should know of the clicks that a round learnt from."""
    labels = {click.label for click in clicks}
    found = [
        f"new class {entry.name}: nobody clicked on it, so that {entry.like} keeps its pixels; "
        "click on some"
        for entry in added
        if entry.name not in labels
    ]
    if len(labels) == 1:
        only = next(iter(labels))
        found.append(f"all clicks say {only}: one class alone teaches little; click others too")
    return found


if __name__ == "__main__":
    main()

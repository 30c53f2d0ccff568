"""What a teaching must not forget: golden frames, old frames, and simulated ones with truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import SegPerceptionError, TeachingError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.preprocessing import make_preprocessing
from seg_perception.simulation.training_frames import training_frames
from seg_perception.teaching.learning.targets import NO_TARGET
from seg_perception.teaching.session import Session

Kept = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
_WORLD = "field"
_FILE = "replay.npz"


def kept_of(session: Session, notes: list[str]) -> Iterator[Kept]:
    """Pictures whose labels must stay, uint8 (h, w, 3), with their truth where it is known.

    Args:
        session: whose model is taught.
        notes: told where there are no simulated frames.
    """
    prepare = make_preprocessing(
        (session.bundle.width, session.bundle.height), session.bundle.manifest.input.resize
    ).prepare
    for frame in session.bundle.golden:
        yield frame.image, None
    for name in session.settings.old:
        yield prepare(session.old_store.image(name)), None
    try:
        yield from _simulated(session)
    except SegPerceptionError as error:
        notes.append(f"no simulated frames hold what the model knows: {error}")


def _simulated(session: Session) -> Iterator[Kept]:
    path = session.folder / _FILE
    if not path.is_file():
        _simulate(session, path)
    with np.load(path) as stored:
        pictures, truths = stored["pictures"], stored["truths"]
    table = _table(session.bundle.ontology)
    for picture, truth in zip(pictures, truths, strict=True):
        labels = table[truth]
        yield picture, labels if (labels != NO_TARGET).any() else None


def _simulate(session: Session, path: Path) -> None:
    count = session.settings.config.replay_frames
    size = session.bundle.width, session.bundle.height
    frames = list(training_frames(session.settings.config.seed, count, *size, _WORLD))
    shape = (0, size[1], size[0])
    pictures = np.array([f[0] for f in frames], np.uint8).reshape(-1, *shape[1:], 3)
    truths = np.array([f[1] for f in frames], np.uint8).reshape(-1, *shape[1:])
    with draft_file(path, TeachingError) as draft, draft.open("wb") as stream:
        np.savez_compressed(stream, pictures=pictures, truths=truths)


def _table(ontology: Ontology) -> NDArray[np.uint8]:
    """The simulator's ids as ids of an ontology, by the names of the classes."""
    table = np.full(256, NO_TARGET, np.uint8)
    for entry in Ontology.load(_WORLD).classes:
        if entry.name in ontology.ids:
            table[entry.id] = ontology.ids[entry.name]
    return table

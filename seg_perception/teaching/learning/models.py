"""What the model before and the taught ones say of a teaching's frames; every answer is kept."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TeachingError
from seg_perception.inference.manifest import Manifest
from seg_perception.inference.reading import Segmentation
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.rounds import MODEL
from seg_perception.teaching.session import Session, grown_ontology

BEFORE = 0
_MOST_ANSWERS = 1000
_MOST_MODELS = 3


class TaughtModels:
    """Labels by round, 0 for the model before; for several threads."""

    def __init__(self, session: Session) -> None:
        """Load models when they are asked for."""
        self._session = session
        self._labellers: OrderedDict[int, Labeller] = OrderedDict()
        self._answers: OrderedDict[tuple[int, str], Segmentation] = OrderedDict()
        self._lock = Lock()

    def label(self, number: int, frame: str) -> Segmentation:
        """Labels and confidence (h, w) of a frame at the network's size.

        Raises:
            TeachingError: no such round, or its model is damaged.
        """
        key = number, frame
        with self._lock:
            if key not in self._answers:
                picture = self._session.store.picture(frame)
                self._answers[key] = self._labeller(number).label(picture)
                if len(self._answers) > _MOST_ANSWERS:
                    self._answers.popitem(last=False)
            return self._answers[key]

    def differing(self, number: int, frame: str) -> NDArray[np.bool_]:
        """Where a round's labels differ from those before, bool (h, w)."""
        differs: NDArray[Any] = self.label(BEFORE, frame)[0] != self.label(number, frame)[0]
        return differs

    def manifest(self, number: int) -> Manifest:
        """The bundle's; with the classes that a round added.

        A round's lacks the calibration of the confidence: it was measured on other weights.
        """
        manifest = self._session.bundle.manifest
        if number == BEFORE:
            return manifest
        added = self._session.record.new_classes[: self._added(number)]
        ontology = grown_ontology(manifest.ontology, added)
        return manifest.model_copy(update={"ontology": ontology, "confidence": None})

    def model(self, number: int) -> bytes:
        """A model's ONNX bytes.

        Raises:
            TeachingError: there is no such round.
        """
        path = self._session.bundle.model_path
        if number != BEFORE:
            path = self._session.round_folder(number) / MODEL
        try:
            return path.read_bytes()
        except OSError as error:
            msg = f"round {number}: its model can't be read ({error}); train again"
            raise TeachingError(msg) from error

    def _labeller(self, number: int) -> Labeller:
        if number not in self._labellers:
            self._labellers[number] = Labeller(self.model(number), self.manifest(number))
            if len(self._labellers) > _MOST_MODELS:
                self._labellers.popitem(last=False)
        self._labellers.move_to_end(number)
        return self._labellers[number]

    def _added(self, number: int) -> int:
        from seg_perception.teaching.rounds import Rounds

        rounds = Rounds(self._session.folder, self._session.round_folder(number).parent)
        facts = rounds.status(number).facts or {}
        return len(facts.get("new_classes", []))

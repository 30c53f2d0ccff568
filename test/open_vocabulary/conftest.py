"""A teacher whose answers are planted, small pictures, and small members of every family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.open_vocabulary.teacher import PhraseScores
from seg_perception.open_vocabulary.words import Words


class PlantedTeacher:
    """Answers with what was planted for a phrase: score, and presence where it is asked."""

    description = "planted"
    has_preview = True

    def __init__(self, answers: Mapping[str, object]) -> None:
        """Take float32 (h, w) or one number for each phrase; other phrases score 0."""
        self._answers = answers
        self.asked: list[tuple[str, ...]] = []
        self.previewed = 0

    def expect(self, phrases: Sequence[str]) -> None:
        """Anything."""

    def _map(self, phrase: str) -> np.ndarray:
        return np.broadcast_to(np.float32(self._answers.get(phrase, 0)), (4, 6))

    def presence(self, images, phrases):
        self.previewed += len(images)
        return np.float32([[self._map(phrase).max() for phrase in phrases]] * len(images))

    def score(self, images, phrases):
        assert len(images) == len(phrases)
        found = []
        for asked in phrases:
            self.asked.append(tuple(asked))
            maps = np.stack([self._map(phrase) for phrase in asked])
            found.append(PhraseScores(maps.max(axis=(1, 2)), maps))
        return found


@pytest.fixture
def planted() -> type[PlantedTeacher]:
    return PlantedTeacher


@pytest.fixture
def words() -> Callable[..., Words]:
    """A file's words from classes and settings."""

    def make(*classes: dict[str, object] | str, **more: object) -> Words:
        entries = [{"name": c} if isinstance(c, str) else c for c in classes]
        return Words.model_validate({"name": "own", "classes": entries, **more})

    return make


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures of 24x16, one of them below, one of another size."""
    rng = np.random.default_rng(1)
    for name, size in {"a.png": (16, 24), "b/c.png": (16, 24), "d.png": (20, 30)}.items():
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), rng.integers(0, 255, (*size, 3), np.uint8))
    return tmp_path / "photos"

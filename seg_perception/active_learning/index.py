"""The page that shows the chosen frames, and says why each was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.folder import COCO, COLOR, CVAT, CVAT_LABELS, MAPPING
from seg_perception.active_learning.selection import Choice
from seg_perception.active_learning.summary import MiningSummary, frame_name
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import IMAGES, MASKS
from seg_perception.outputs.pictures import fit, overlay
from seg_perception.reports.embedded_images import EmbeddedImage, ImageEmbedder
from seg_perception.reports.page import render

_PICTURE_BYTES = 9_000_000
_WIDTH = 480
_ALPHA = 0.5


@dataclass(frozen=True)
class Card:
    """One chosen frame.

    Attributes:
        rank: 1 is the most valuable.
        picture: labels over the image; None where the page has no room left.
        links: files by what they are, relative to the page.
    """

    rank: int
    name: str
    choice: Choice
    picture: EmbeddedImage | None
    links: tuple[tuple[str, str], ...]


class FrameCards:
    """Collects small pictures while the frames pass by."""

    def __init__(self, ontology: Ontology) -> None:
        """Start empty."""
        self._ontology = ontology
        self._embedder = ImageEmbedder(_PICTURE_BYTES, _WIDTH)
        self._pictures: dict[str, EmbeddedImage | None] = {}
        self._shown: set[int] = set()

    def add(self, choice: Choice, image: NDArray[np.uint8], labels: NDArray[Any]) -> None:
        """Add a frame: uint8 (H, W, 3) RGB, and its labels (H, W)."""
        name = frame_name(choice)
        painted = overlay(fit(image, *labels.shape[::-1]), labels, self._ontology, _ALPHA)
        self._pictures[name] = self._embedder.photo(painted, f"{name} with its pre-labels")
        self._shown |= set(np.unique(labels).tolist())

    def cards(self, choices: tuple[Choice, ...]) -> list[Card]:
        """The frames in the order of their value."""
        return [
            Card(rank, name := frame_name(choice), choice, self._pictures.get(name), _links(name))
            for rank, choice in enumerate(choices, start=1)
        ]

    def colors(self) -> list[tuple[str, str]]:
        """Names and colours of the classes in the pictures."""
        return [(c.name, c.color) for c in self._ontology.classes if c.id in self._shown]


def draw_index(summary: MiningSummary, cards: FrameCards) -> str:
    """The page's text."""
    sections = (("frames", "Frames"), ("correct", "How to correct them"), ("origin", "Settings"))
    return render(
        "mining.html",
        summary=summary,
        sections=[{"id": name, "title": title} for name, title in sections],
        cards=cards.cards(summary.choices),
        colors=cards.colors(),
        settings=list(summary.config.model_dump().items()),
        files={"coco": COCO, "cvat": CVAT, "cvat_labels": CVAT_LABELS, "mapping": MAPPING},
        total=sum(summary.frames.values()),
    )


def _links(name: str) -> tuple[tuple[str, str], ...]:
    places = (("image", IMAGES), ("mask", MASKS), ("colours", COLOR))
    return tuple((what, quote(f"{folder}/{name}.png")) for what, folder in places)

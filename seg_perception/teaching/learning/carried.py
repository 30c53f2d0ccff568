"""Clicks of taught frames in the pictures beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.teaching.clicks import Click
from seg_perception.teaching.frames import FrameStore, TeachingFrame
from seg_perception.teaching.learning.targets import Point
from seg_perception.teaching.links import carry
from seg_perception.teaching.session import Session
from seg_perception.teaching.superpixels import superpixels

_Looks = tuple[NDArray[np.uint8], NDArray[np.int32]]


class CarriedClicks:
    """Clicks that a scan's points carry to other pictures.

    Attributes:
        points: by picture, in its network's picture.
        count: of all of them.
    """

    def __init__(self, session: Session, clicks: Sequence[Click]) -> None:
        """Carry each click along every link of its frame."""
        self._session = session
        self._extra = {frame.name: frame for frame in session.settings.neighbours}
        self._look = lru_cache(maxsize=4)(self._read)
        by_frame: defaultdict[str, list[Click]] = defaultdict(list)
        for click in clicks:
            by_frame[click.frame].append(click)
        found: defaultdict[str, list[Point]] = defaultdict(list)
        for link in session.links:
            for click in by_frame.get(link.frame, ()):
                frame = session.frames[link.frame]
                place = (click.x + 0.5) / frame.width, (click.y + 0.5) / frame.height
                (one, pieces), (other, _) = self._look(link.frame), self._look(link.other)
                if (there := carry(place, link, (one, other), pieces)) is not None:
                    found[link.other] += self._points(link.other, there, click.label)
        self.points = dict(sorted(found.items()))
        self.count = sum(map(len, self.points.values()))

    def picture(self, name: str) -> NDArray[np.uint8]:
        """What the network sees of a picture, uint8 (h, w, 3)."""
        return self._place(name)[1].picture(name)

    def _points(self, name: str, place: tuple[float, float], label: str) -> list[Point]:
        frame, store = self._place(name)
        cell = store.cell(frame, int(place[0] * frame.width), int(place[1] * frame.height))
        return [] if cell is None else [Point(*cell, self._session.ontology.ids[label])]

    def _place(self, name: str) -> tuple[TeachingFrame, FrameStore]:
        if name in self._extra:
            return self._extra[name], self._session.neighbour_store
        return self._session.frames[name], self._session.store

    def _read(self, name: str) -> _Looks:
        """The whole picture at the network's scale, and its pieces."""
        frame, store = self._place(name)
        size = store.preprocessing.scaled((frame.width, frame.height))
        small = cv2.resize(store.image(name), size, interpolation=cv2.INTER_AREA)
        whole: NDArray[np.uint8] = np.asarray(small, np.uint8)
        return whole, superpixels(whole)

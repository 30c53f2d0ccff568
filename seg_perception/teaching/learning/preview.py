"""What the last layer alone makes of the clicks so far: an answer at once, before any training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock, Thread

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.teaching.learning.clicked_cells import ClickedCells, Look, Points
from seg_perception.teaching.learning.graph_runner import GraphRunner
from seg_perception.teaching.learning.last_layer import LastLayer
from seg_perception.teaching.learning.targets import Point
from seg_perception.teaching.learning.torch_head import teachable
from seg_perception.teaching.session import Session
from seg_perception.teaching.superpixels import superpixels

# So many clicked cells are fitted in a fraction of a second.
_MOST_CELLS = 6000


@dataclass(frozen=True)
class PreviewProgress:
    """How far a preview is behind the clicks.

    Attributes:
        behind: clicked frames whose clicks do not count yet.
        caught_up: how many it has caught up with since it began: a picture that was drawn with
            fewer is old.
    """

    behind: int
    caught_up: int


class Preview:
    """Refits the last layer of a model on the clicks of some frames; for several threads.

    Nobody waits for the encoder to run over every clicked frame: the frame that is looked at comes
    first, and clicks of frames that it has not seen yet count as soon as a thread has run it.
    """

    def __init__(self, session: Session) -> None:
        """Cut the graph before its last layer."""
        manifest = session.bundle.manifest
        graph = teachable(session.bundle)
        model = keep_outputs(graph.with_outputs([graph.features]), [graph.features])
        self._runner = GraphRunner(model, manifest, [graph.features])
        self._features, self._session = graph.features, session
        weight, *bias = (graph.weights.value(name) for name in graph.last.input[1:3])
        self._pointwise = not graph.of_masks and weight.shape[2:] == (1, 1)
        flat = weight.astype(np.float32).reshape(len(weight), -1)
        zero = np.zeros(len(weight), np.float32)
        self._before = LastLayer(flat, bias[0].astype(np.float32) if bias else zero)
        self._cells = ClickedCells(self._look)
        self._lost: dict[str, str] = {}
        self._caught_up = 0
        self._lock = Lock()
        self._thread: Thread | None = None
        self._ends = False

    @property
    def usable(self) -> bool:
        """Whether the last layer looks at single cells: what looks at several has no preview."""
        return self._pointwise

    @property
    def progress(self) -> PreviewProgress:
        """How far the thread behind is."""
        with self._lock:
            behind = len(self._missing()) if self._thread is not None else 0
            return PreviewProgress(behind, self._caught_up)

    @property
    def notes(self) -> list[str]:
        """Frames whose clicks can't count, in sentences."""
        return [f"preview without the clicks of {n}: {why}" for n, why in self._lost.items()]

    def labels(self, frame: str) -> NDArray[np.uint8]:
        """Labels (h, w) of a frame at the network's size, by what clicks say so far."""
        with self._lock:
            layer = self._fit(frame)
            features, pieces = self._cells.look(frame)
            labels = _enlarged(layer, features, pieces.shape)
        self._catch_up()
        return labels

    def wait(self) -> None:
        """Wait until the clicks of all frames count."""
        if (thread := self._thread) is not None:
            thread.join()

    def close(self) -> None:
        """End the thread that is at work, after its frame."""
        self._ends = True
        self.wait()

    def _fit(self, frame: str) -> LastLayer:
        ids = self._session.ontology.ids
        start = self._before.grown([ids[c.like] for c in self._session.record.new_classes])
        points = self._points()
        told = {
            name: some
            for name, some in points.items()
            if name == frame or self._cells.at_hand(name, some)
        }
        if not told:
            return start
        most = max(1, _MOST_CELLS // sum(map(len, points.values())))
        taken = [self._cells.of(name, some).most(most * len(some)) for name, some in told.items()]
        rows = np.concatenate([cells.rows for cells in taken])
        classes = np.concatenate([cells.classes for cells in taken])
        return start.fitted(rows, classes, np.concatenate([cells.held for cells in taken]))

    def _points(self) -> Mapping[str, Points]:
        found: dict[str, list[Point]] = {}
        for click in self._session.record.clicks:
            cell = self._session.store.cell(self._session.frames[click.frame], click.x, click.y)
            if click.part == "teach" and click.label and cell is not None:
                label = self._session.ontology.ids[click.label]
                found.setdefault(click.frame, []).append(Point(*cell, label))
        return {name: tuple(points) for name, points in found.items()}

    def _look(self, name: str) -> Look:
        picture = self._session.store.picture(name)
        features = self._runner.run(picture)[self._features][0].astype(np.float32)
        return features, superpixels(picture)

    # Behind the frame that is looked at.

    def _missing(self) -> list[tuple[str, Points]]:
        return [
            (name, points)
            for name, points in self._points().items()
            if name not in self._lost and not self._cells.at_hand(name, points)
        ]

    def _catch_up(self) -> None:
        with self._lock:
            if self._thread is None and not self._ends and self._missing():
                self._thread = Thread(target=self._run_behind, name="preview")
                self._thread.start()

    def _run_behind(self) -> None:
        while self._take_one():
            pass

    def _take_one(self) -> bool:
        """Take the clicks of one more frame; whether there was one."""
        with self._lock:
            missing = [] if self._ends else self._missing()
            if not missing:
                self._thread = None
                return False
            name, points = missing[0]
            try:
                self._cells.of(name, points)
                self._caught_up += 1
            except SegPerceptionError as error:
                self._lost[name] = str(error)
            return True


def _enlarged(
    layer: LastLayer, features: NDArray[np.float32], size: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Labels (h, w) of a layer's scores on features (D, ...), enlarged class by class."""
    maps = layer.scores(features.reshape(features.shape[0], -1).T).T
    best = np.full(size, -np.inf, np.float32)
    labels = np.zeros(size, np.uint8)
    for number, plane in enumerate(maps.reshape(-1, *features.shape[1:])):
        large = cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR)
        np.copyto(labels, number, where=large > best)
        np.maximum(best, large, out=best)
    return labels

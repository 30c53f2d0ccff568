"""What the last layer alone makes of the clicks so far: an answer at once, before any training."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.teaching.learning.graph import TeachableGraph
from seg_perception.teaching.learning.graph_runner import GraphRunner
from seg_perception.teaching.learning.targets import NO_TARGET, Point, grow, shrink
from seg_perception.teaching.learning.torch_head import OPERATORS
from seg_perception.teaching.session import Session
from seg_perception.teaching.superpixels import superpixels

_Rows = NDArray[np.float32]
# A frame takes 2.4 MB here, its clicked cells some KB.
_MOST_KEPT = 60
_MOST_TAKEN = 2000
# So many clicked cells are fitted in a fraction of a second.
_MOST_CELLS = 6000
# Of a frame: cells that hold what is known, and cells of one click.
_HELD_CELLS = 60
_CLICK_CELLS = 24
_STEPS = 60
_RATE = 0.05
_HELD = 1.0
_NEAR = 0.02
_MOMENTS = (0.9, 0.999)


@dataclass(frozen=True, eq=False)
class LastLayer:
    """A last layer.

    Attributes:
        weight: float32 (C, D).
        bias: float32 (C,).
    """

    weight: _Rows
    bias: _Rows

    def scores(self, rows: _Rows) -> _Rows:
        """Class scores float32 (N, C) of features float32 (N, D)."""
        return rows @ self.weight.T + self.bias


class Preview:
    """Refits the last layer of a model on the clicks of some frames."""

    def __init__(self, session: Session) -> None:
        """Cut the graph before its last layer."""
        manifest = session.bundle.manifest
        self._pointwise = False
        graph = TeachableGraph.of(session.bundle.model_path.read_bytes(), manifest, OPERATORS)
        model = keep_outputs(graph.with_outputs([graph.features]), [graph.features])
        self._runner = GraphRunner(model, manifest, [graph.features])
        self._features, self._session = graph.features, session
        weight, *bias = (graph.weights.value(name) for name in graph.last.input[1:3])
        self._pointwise = not graph.of_masks and weight.shape[2:] == (1, 1)
        flat = weight.astype(np.float32).reshape(len(weight), -1)
        zero = np.zeros(len(weight), np.float32)
        self._before = LastLayer(flat, bias[0].astype(np.float32) if bias else zero)
        self._kept: OrderedDict[str, tuple[_Rows, NDArray[np.int32]]] = OrderedDict()
        self._taken: OrderedDict[Any, Any] = OrderedDict()
        self._lock = Lock()

    @property
    def usable(self) -> bool:
        """Whether the last layer looks at single cells: what looks at several has no preview."""
        return self._pointwise

    def labels(self, frame: str) -> NDArray[np.uint8]:
        """Labels (h, w) of a frame at the network's size, by what all clicks say so far."""
        with self._lock:
            layer = self._fit()
            features, pieces = self._look(frame)
            scores = layer.scores(features.reshape(features.shape[0], -1).T)
            maps = scores.T.reshape(-1, *features.shape[1:])
            best = np.full(pieces.shape, -np.inf, np.float32)
            labels = np.zeros(pieces.shape, np.uint8)
            for number, plane in enumerate(maps):
                large = cv2.resize(plane, pieces.shape[::-1], interpolation=cv2.INTER_LINEAR)
                np.copyto(labels, number, where=large > best)
                np.maximum(best, large, out=best)
        return labels

    def _fit(self) -> LastLayer:
        ids = self._session.ontology.ids
        start = _grown(self._before, [ids[c.like] for c in self._session.record.new_classes])
        points = self._points()
        if not points:
            return start
        most = min(_CLICK_CELLS, max(1, _MOST_CELLS // sum(map(len, points.values()))))
        taken = [self._rows(name, tuple(some), most) for name, some in points.items()]
        rows, classes, held = (np.concatenate(parts) for parts in zip(*taken, strict=True))
        return _fit(start, rows, classes, held)

    def _rows(
        self, name: str, points: tuple[Point, ...], most: int
    ) -> tuple[_Rows, NDArray[np.uint8], _Rows]:
        """Features and classes of a frame's clicked cells, and features of some others."""
        key = name, points, most
        if key not in self._taken:
            features, pieces = self._look(name)
            target = shrink(grow(points, pieces), points, features.shape[1:]).reshape(-1)
            flat = features.reshape(features.shape[0], -1)
            rng = np.random.default_rng(len(points))
            clicked = np.flatnonzero(target != NO_TARGET)
            if len(clicked) > most * len(points):
                clicked = rng.choice(clicked, most * len(points), replace=False)
            others = rng.integers(flat.shape[1], size=_HELD_CELLS)
            found = flat[:, clicked].T, target[clicked], flat[:, others].T
            self._taken[key] = tuple(np.ascontiguousarray(part) for part in found)
            if len(self._taken) > _MOST_TAKEN:
                self._taken.popitem(last=False)
        found_rows: tuple[_Rows, NDArray[np.uint8], _Rows] = self._taken[key]
        return found_rows

    def _points(self) -> dict[str, list[Point]]:
        found: dict[str, list[Point]] = {}
        for click in self._session.record.clicks:
            cell = self._session.store.cell(self._session.frames[click.frame], click.x, click.y)
            if click.part == "teach" and click.label and cell is not None:
                label = self._session.ontology.ids[click.label]
                found.setdefault(click.frame, []).append(Point(*cell, label))
        return found

    def _look(self, name: str) -> tuple[_Rows, NDArray[np.int32]]:
        """Features (D, h, w) and pieces of a frame."""
        if name not in self._kept:
            picture = self._session.store.picture(name)
            features = self._runner.run(picture)[self._features][0].astype(np.float32)
            self._kept[name] = features, superpixels(picture)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[name]


def _grown(layer: LastLayer, like: Sequence[int]) -> LastLayer:
    if not like:
        return layer
    weight = np.concatenate([layer.weight, layer.weight[list(like)]])
    return LastLayer(weight, np.concatenate([layer.bias, layer.bias[list(like)] - 0.5]))


def _fit(start: LastLayer, rows: _Rows, classes: NDArray[np.uint8], held: _Rows) -> LastLayer:
    """Softmax regression near a start: clicks pull, other cells hold what was said before.

    Args:
        start: the layer before.
        rows: float32 (N, D), features of clicked cells.
        classes: uint8 (N,).
        held: float32 (M, D), features of other cells.
    """
    truth = np.eye(len(start.weight), dtype=np.float32)[classes]
    rare = 1 / np.sqrt(np.bincount(classes, minlength=len(start.weight)).clip(1))
    pull = (rare[classes] / rare[classes].sum()).astype(np.float32)[:, None]
    before = _softmax(start.scores(held))
    sure = before.max(axis=1, keepdims=True)
    parameters = np.concatenate([start.weight, start.bias[:, None]], axis=1)
    origin, first, second = parameters.copy(), np.zeros_like(parameters), np.zeros_like(parameters)
    inputs = [np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1) for x in (rows, held)]
    for step in range(1, _STEPS + 1):
        wrong = pull * (_softmax(inputs[0] @ parameters.T) - truth)
        moved = _HELD * sure * (_softmax(inputs[1] @ parameters.T) - before) / len(held)
        gradient = wrong.T @ inputs[0] + moved.T @ inputs[1] + _NEAR * (parameters - origin)
        first = _MOMENTS[0] * first + (1 - _MOMENTS[0]) * gradient
        second = _MOMENTS[1] * second + (1 - _MOMENTS[1]) * gradient**2
        mean, spread = first / (1 - _MOMENTS[0] ** step), second / (1 - _MOMENTS[1] ** step)
        parameters = parameters - _RATE * mean / (np.sqrt(spread) + 1e-8)
    return LastLayer(parameters[:, :-1], parameters[:, -1])


def _softmax(scores: Any) -> Any:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)

"""A last layer, and the fit that clicks ask for: softmax regression near what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.float32]
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

    weight: Rows
    bias: Rows

    def scores(self, rows: Rows) -> Rows:
        """Class scores float32 (N, C) of features float32 (N, D)."""
        return rows @ self.weight.T + self.bias

    def grown(self, like: Sequence[int]) -> LastLayer:
        """With a row for each new class, that of the class which it is like, a little behind."""
        if not like:
            return self
        weight = np.concatenate([self.weight, self.weight[list(like)]])
        return LastLayer(weight, np.concatenate([self.bias, self.bias[list(like)] - 0.5]))

    def fitted(self, rows: Rows, classes: NDArray[np.uint8], held: Rows) -> LastLayer:
        """The layer near this one that clicks ask for: they pull, other cells hold.

        Args:
            rows: float32 (N, D), features of clicked cells.
            classes: uint8 (N,).
            held: float32 (M, D), features of other cells.
        """
        truth = np.eye(len(self.weight), dtype=np.float32)[classes]
        rare = 1 / np.sqrt(np.bincount(classes, minlength=len(self.weight)).clip(1))
        pull = (rare[classes] / rare[classes].sum()).astype(np.float32)[:, None]
        before = _softmax(self.scores(held))
        sure = before.max(axis=1, keepdims=True)
        parameters = np.concatenate([self.weight, self.bias[:, None]], axis=1)
        origin = parameters.copy()
        first, second = np.zeros_like(parameters), np.zeros_like(parameters)
        inputs = [
            np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1) for x in (rows, held)
        ]
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

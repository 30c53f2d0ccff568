"""How well the borders of labels lie where the depth edges of the scans do: one number.

Across a depth edge the label should change; just before and just behind it, it should not. The
agreement is the share of depth edges across which the label changes, less the share of
changes at equal distances on either side. It is 0 where labels and scans have nothing to do
with each other, however many borders the labels have, and at most 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.calibration.observations import Observation
from seg_perception.geometry.calibration import shift_principal_point
from seg_perception.geometry.camera import CameraModel

# How far beside a depth edge labels are looked up, as shares of the image's width: near for
# sharpness, far for labels and calibrations that are off by more. At least half a beam's step.
_REACHES = (1 / 200, 1 / 60)
_BESIDE = np.array([-3.0, -1.0, 1.0, 3.0])[:, None, None]
_STILL = np.eye(4)
# From so many on, how much observations differ says how well the agreement is known.
ENOUGH_OBSERVATIONS = 8
# Fewer depth edges in view say nothing; more are certain from this many standard errors on.
FEWEST, CERTAIN = 50, 4.0


@dataclass(frozen=True, eq=False)
class Agreement:
    """Sums over depth edges, for each of M observations.

    Attributes:
        counts: float64 (M,), depth edges in view.
        totals, squares: float64 (M,), sums of their scores, from -1 to 1, and of its square.
    """

    counts: NDArray[np.float64]
    totals: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Depth edges in view."""
        return int(self.counts.sum())

    @property
    def value(self) -> float:
        """The agreement; 0 where nothing is in view."""
        return float(self.totals.sum() / max(self.counts.sum(), 1))

    @property
    def is_certain(self) -> bool:
        """Whether it surely is more than chance."""
        return self.count >= FEWEST and self.value > CERTAIN * self.std

    @property
    def std(self) -> float:
        """Its standard error: between observations where there are enough, else between edges."""
        count = max(self.counts.sum(), 1.0)
        between = (self.squares.sum() / count - self.value**2) / count
        if len(self.counts) >= ENOUGH_OBSERVATIONS:
            # Of a ratio of sums (Cochran, Sampling Techniques, 6.4).
            apart = self.totals - self.value * self.counts
            between = max(between, float(apart @ apart) / count**2)
        return float(np.sqrt(max(between, 0.0)))


@dataclass(frozen=True, eq=False)
class EdgeEvidence:
    """The depth edges in view.

    Attributes:
        observation: intp (N,), which observation each is of.
        places: float64 (N, 2), where it appears (pixel).
        scores: float64 (N,): 1 where the label changes across it and nowhere beside it, -1 the
            other way round.
    """

    observation: NDArray[np.intp]
    places: NDArray[np.float64]
    scores: NDArray[np.float64]


class Evidence:
    """The depth edges of all observations of one camera, in its optical frame, and its labels."""

    def __init__(self, observations: Sequence[Observation], at: int = 0) -> None:
        """Gather them.

        Args:
            observations: at least one, all of one calibration and one size.
            at: which of their time offsets.
        """
        self.observations = observations
        first = observations[0]
        self._calibration, self._rectified = first.calibration, first.rectified
        self._labels = np.stack([observation.labels for observation in observations])
        sizes = [len(observation.depth_edges) for observation in observations]
        self._observation = np.repeat(np.arange(len(observations)), sizes)
        poses = [
            (observation.depth_edges, observation.T_camera_lidar[at])
            for observation in observations
        ]
        self._edge = np.concatenate([_placed(T, edges.edge) for edges, T in poses])
        self._outside = np.concatenate([_placed(T, edges.outside) for edges, T in poses])

    @property
    def width(self) -> int:
        """Of the label images (pixel)."""
        return int(self._labels.shape[2])

    def agreement(
        self, change: NDArray[np.float64] = _STILL, shift_px: tuple[float, float] = (0.0, 0.0)
    ) -> Agreement:
        """Measure the agreement of a calibration.

        Args:
            change: float64 (4, 4), applied to the scans in the optical frame.
            shift_px: added to the principal point (pixel of the labels).
        """
        edges, count = self.edge_evidence(change, shift_px), len(self.observations)
        return Agreement(
            np.bincount(edges.observation, minlength=count).astype(np.float64),
            np.bincount(edges.observation, edges.scores, count).astype(np.float64),
            np.bincount(edges.observation, edges.scores**2, count).astype(np.float64),
        )

    def edge_evidence(
        self, change: NDArray[np.float64] = _STILL, shift_px: tuple[float, float] = (0.0, 0.0)
    ) -> EdgeEvidence:
        """The scores of the depth edges in view.

        Args:
            change: float64 (4, 4), applied to the scans in the optical frame.
            shift_px: added to the principal point (pixel of the labels).
        """
        camera_model = self._camera_model(shift_px)
        index, edge, outside = _in_view(camera_model, self._edge, self._outside, change)
        step, middle = outside - edge, (edge + outside) / 2
        length = np.linalg.norm(step, axis=1, keepdims=True)
        step /= np.maximum(length, 1e-9)
        inside, scores = length[:, 0] > 0, np.zeros(len(index))
        for reach in _REACHES:
            half = step * np.maximum(length / 2, camera_model.width * reach)
            labels, known = self._along(self._observation[index], middle, half)
            scores += _contrast(labels) / len(_REACHES)
            inside &= known
        return EdgeEvidence(self._observation[index[inside]], middle[inside], scores[inside])

    def _along(
        self, observation: NDArray[np.intp], middle: NDArray[np.float64], half: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Labels (4, N) at -3, -1, 1 and 3 halves from the middle; which are all in the image."""
        _, height, width = self._labels.shape
        places = np.rint(middle + half * _BESIDE).astype(np.int64)
        column, row = places[..., 0], places[..., 1]
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        labels = self._labels[observation, row.clip(0, height - 1), column.clip(0, width - 1)]
        return labels.astype(np.int64), inside.all(axis=0)

    def _camera_model(self, shift_px: tuple[float, float]) -> CameraModel:
        calibration = self._calibration
        if any(shift_px):
            calibration = shift_principal_point(calibration, *shift_px)
        return CameraModel.from_calibration(calibration, rectified=self._rectified)


def _placed(T: NDArray[np.float64], xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    placed: NDArray[np.float64] = xyz @ T[:3, :3].T + T[:3, 3]
    return placed


def _in_view(
    camera_model: CameraModel,
    edge: NDArray[np.float64],
    outside: NDArray[np.float64],
    change: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Which depth edges are in view with both edges, and where these appear (pixel)."""
    near = camera_model.hits(edge, change)
    far = camera_model.hits(outside[near.index], change)
    edge_uv, outside_uv = (np.stack([h.u, h.v], axis=1).astype(np.float64) for h in (near, far))
    return near.index[far.index], edge_uv[far.index], outside_uv


def _contrast(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    changes = labels[1:] != labels[:-1]
    contrast: NDArray[np.float64] = changes[1] - 0.5 * (changes[0].astype(np.float64) + changes[2])
    return contrast

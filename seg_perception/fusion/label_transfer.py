"""Labels for lidar points: project, see what is in the way, look up, weigh."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.projection import Range, Sight, pieces, sight
from seg_perception.fusion.transfer import Answer, Ballot, Transfer
from seg_perception.fusion.view import PreparedLabelMap, View, prepare_label_map
from seg_perception.fusion.visibility import DepthBuffer
from seg_perception.stages import TransferConfig
from seg_perception.types import PointStatus

_HIDDEN = np.float32(0.5)

__all__ = ["PreparedLabelMap", "Transfer", "View", "prepare_label_map", "transfer_labels"]


def transfer_labels(
    xyz: NDArray[np.float32], views: Sequence[View], config: TransferConfig, unknown_id: int
) -> Transfer:
    """Give each point the label of what a camera sees there.

    Where several cameras see a point, the label with the highest confidence counts.

    Args:
        xyz: float32 (N, 3), metre, sensor frame.
        views: label maps and their cameras; `Transfer.sources` counts in their order.
        config: ranges, depth buffer, weights.
        unknown_id: label of points that get none; in a label map: not computed.
    """
    nobody = PointStatus.OUT_OF_VIEW if views else PointStatus.NO_LABEL_MAP
    ranges = Range(config.min_range_m, config.max_range_m)
    looks = [
        _Look(piece, *ranges.classify(points, nobody), points, views)
        for piece, points in pieces(xyz)
    ]
    buffers = [
        DepthBuffer([look.sights[source] for look in looks], view.size, config)
        for source, view in enumerate(views)
    ]
    ballot = Ballot(len(xyz), unknown_id, config.min_confidence)
    for look in looks:
        for source, (seen, view) in enumerate(zip(look.sights, views, strict=True)):
            chance = buffers[source].chance(seen)
            ballot.add(look.piece, source, _answer(seen, view, chance, config))
        ballot.close(look.piece, look.status)
    return ballot.result()


class _Look:
    """A piece of the cloud in the eyes of all views."""

    def __init__(
        self,
        piece: slice,
        status: NDArray[np.uint8],
        asked: NDArray[np.bool_],
        points: NDArray[np.float32],
        views: Sequence[View],
    ) -> None:
        self.piece = piece
        self.status = status
        self.sights = [sight(points, asked, view) for view in views]


def _answer(seen: Sight, view: View, chance: NDArray[np.float32], config: TransferConfig) -> Answer:
    """Look up the labels and weigh them.

    The network's confidence counts as much as this pixel surely shows this point: a point
    at a boundary lies on either side with equal chance.
    """
    label_map = view.prepared.label_map
    pixel = seen.row.astype(np.intp)
    pixel *= label_map.labels.shape[1]
    pixel += seen.column
    confidence = _looked_up(label_map.confidence, pixel, _network_weights(view, config))
    confidence *= _looked_up(view.prepared.boundary_distance, pixel, _boundary_weights(config))
    confidence *= chance
    return Answer(
        index=seen.index,
        labels=label_map.labels.reshape(-1).take(pixel),
        confidence=confidence,
        hidden=chance < _HIDDEN,
    )


def _looked_up(
    image: NDArray[np.uint8], pixel: NDArray[np.intp], table: NDArray[np.float32]
) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.zeros(len(pixel), np.float32)
    if len(pixel) > 0:
        cv2.LUT(image.reshape(-1).take(pixel), table, found.reshape(-1, 1))
    return found


def _network_weights(view: View, config: TransferConfig) -> NDArray[np.float32]:
    """Weight of each confidence 0 to 255, faded by the time between cloud and image."""
    faded = 0.5 ** (abs(view.time_gap_s) / config.time_gap_halving_s)
    return np.linspace(0, faded, 256, dtype=np.float32)


def _boundary_weights(config: TransferConfig) -> NDArray[np.float32]:
    """Weight of each boundary distance 0 to 255: from a half on the edge to 1."""
    share = np.arange(256, dtype=np.float32) / np.float32(4 * max(config.boundary_px, 0.25))
    weights: NDArray[np.float32] = np.minimum(0.5 + 0.5 * share, 1).astype(np.float32)
    return weights

"""Labels for lidar points: project, see what is in the way, look up, weigh."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.projection import Range, Sight, blocks, sight
from seg_perception.fusion.transfer import Answer, Ballot, Transfer, joined
from seg_perception.fusion.view import PreparedLabelMap, View, prepare_label_map
from seg_perception.fusion.visibility import DepthBuffer
from seg_perception.stages import TransferConfig
from seg_perception.types import PointStatus

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
    statuses, sights = [], []
    for points in blocks(xyz):
        status, asked = ranges.classify(points, nobody)
        statuses.append(status)
        sights.append([sight(points, asked, view) for view in views])
    buffers = [
        DepthBuffer([block[source] for block in sights], view.size, config)
        for source, view in enumerate(views)
    ]
    transfers = []
    for status, block in zip(statuses, sights, strict=True):
        ballot = Ballot(len(status), unknown_id, config.min_confidence)
        for source, (seen, view, buffer) in enumerate(zip(block, views, buffers, strict=True)):
            ballot.add(source, _answer(seen, view, buffer.clearance(seen), config))
        transfers.append(ballot.result(status))
    return joined(transfers, unknown_id)


def _answer(seen: Sight, view: View, clear: NDArray[np.float32], config: TransferConfig) -> Answer:
    labels = view.prepared.label_map.labels
    pixel = seen.row.astype(np.intp)
    pixel *= labels.shape[1]
    pixel += seen.column
    return Answer(
        index=seen.index,
        labels=labels.reshape(-1).take(pixel),
        confidence=_confidence(pixel, clear, view, config),
        hidden=clear < 0,
    )


def _confidence(
    pixel: NDArray[np.intp], clear: NDArray[np.float32], view: View, config: TransferConfig
) -> NDArray[np.float32]:
    """The network's confidence times how surely this pixel shows this point.

    On a boundary the point lies on either side with equal chance, and at the margin of
    visibility it is hidden or not: each factor goes from 1 down to a half.
    """
    prepared = view.prepared
    still = 0.5 ** (abs(view.time_gap_s) / config.time_gap_halving_s)
    confidence = prepared.label_map.confidence.reshape(-1).take(pixel) * np.float32(still / 255)
    inside = prepared.boundary_px.reshape(-1).take(pixel)
    inside *= np.float32(0.5 / max(config.boundary_px, 0.5))
    confidence *= np.minimum(inside + np.float32(0.5), np.float32(1))
    confidence *= np.float32(0.5) + np.float32(0.5) * np.maximum(clear, np.float32(0))
    weighed: NDArray[np.float32] = confidence
    return weighed

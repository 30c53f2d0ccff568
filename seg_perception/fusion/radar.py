"""Labels for radar returns: a return may lie anywhere within its bearing error.

A radar's bearing error spans many pixels, so a single one says little. The label map is
sampled over the ellipse that the errors of azimuth and elevation span, and the label with
most support wins. Where a labelled lidar scan is at hand, it says which of the directions
have something at the return's range, and whether a camera sees it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import RadarTransferConfig
from seg_perception.core.types import PointStatus
from seg_perception.fusion.lidar_prior import Bearings, LidarLabelIndex, polar
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.projection import ProjectedPoints, Range, pieces, project_points
from seg_perception.fusion.transfer import NO_SOURCE, CameraVote, LabelVoting, Transfer
from seg_perception.fusion.view import View

_GOLDEN_ANGLE_RAD = math.pi * (3 - math.sqrt(5))
_WIDEST_SIGMA = 2.0
_SAMPLES_AT_ONCE = 65536
# Less than a third of a point that fits is no surface; if less than half of it is seen, hidden.
_NO_SURFACE, _MOSTLY = 0.3, 0.5


def transfer_radar_labels(
    bearings: Bearings,
    views: Sequence[View],
    config: RadarTransferConfig,
    unknown_id: int,
    lidar: LidarLabelIndex | None = None,
    plausibility: Plausibility | None = None,
) -> Transfer:
    """Give each return the label with most support over its footprint.

    The confidence is the label's share of the footprint times the network's mean confidence
    in it. The part of a footprint that is out of the image, or unknown, supports nothing.

    Args:
        bearings: N returns; the radar's origin is where bearings start.
        views: label maps and their cameras; `Transfer.sources` counts in their order.
        config: samples, ranges.
        unknown_id: label of returns that get none; in a label map: not computed.
        lidar: labelled points in the radar's frame, or None: the cameras alone are asked.
        plausibility: takes back the sky; a radar's elevation is too coarse to tell what is ground.
    """
    nobody = PointStatus.OUT_OF_VIEW if views else PointStatus.NO_LABEL_MAP
    ranges = Range(config.min_range_m, config.max_range_m)
    voting = LabelVoting(len(bearings.xyz), unknown_id, 0.0, several=len(views) > 1)
    for piece, points in pieces(bearings.xyz, -(-_SAMPLES_AT_ONCE // config.samples)):
        status, asked = ranges.classify(points, nobody)
        returns = np.flatnonzero(asked)
        samples = footprint(bearings.take(returns + piece.start), config.samples)
        for source, view in enumerate(views):
            voting.add(piece, source, _vote(returns, samples, view, config, unknown_id))
        voting.close(piece, status)
    transfer = voting.result()
    if lidar is not None:
        transfer = _confirmed(transfer, bearings, lidar, unknown_id)
    return transfer if plausibility is None else _without_sky(transfer, plausibility, unknown_id)


def footprint(bearings: Bearings, samples: int) -> NDArray[np.float32]:
    """Where returns may come from, given the errors of their bearings.

    Equally likely places of a normal distribution cut off at two sigma, on a sunflower's
    spiral (Vogel 1979); the same for every return, so that results repeat.

    Args:
        bearings: M returns.
        samples: places for each.

    Returns:
        float32 (M * samples, 3), metre; the samples of one return follow each other.
    """
    azimuth_offset, elevation_offset = _spiral(samples)
    azimuth, elevation, distance = (
        value.astype(np.float64)[:, None] for value in polar(bearings.xyz)
    )
    azimuth = azimuth + bearings.azimuth_sigma_rad[:, None] * azimuth_offset
    elevation = elevation + bearings.elevation_sigma_rad[:, None] * elevation_offset
    around = np.stack(
        [
            distance * np.cos(elevation) * np.cos(azimuth),
            distance * np.cos(elevation) * np.sin(azimuth),
            distance * np.sin(elevation),
        ]
    )
    found: NDArray[np.float32] = around.reshape(3, -1).astype(np.float32).T
    return found


def _confirmed(
    transfer: Transfer, bearings: Bearings, lidar: LidarLabelIndex, unknown_id: int
) -> Transfer:
    """What the cameras say of a place, put right by the lidar where it has measured.

    Nothing at the return's range: a ghost, or something that lidar and cameras do not see.
    """
    asked = np.flatnonzero(transfer.status == PointStatus.LABELLED)
    prior = lidar.prior(bearings.take(asked))
    status = np.full(len(asked), PointStatus.LABELLED, np.uint8)
    status[prior.visible <= _MOSTLY * prior.mass] = PointStatus.OCCLUDED
    status[prior.mass < _NO_SURFACE] = PointStatus.UNCERTAIN
    status[~prior.observed] = PointStatus.LABELLED
    confirmed = prior.observed & (status == PointStatus.LABELLED) & (prior.confidence > 0)
    refused = status != PointStatus.LABELLED
    labels, confidence = transfer.labels.copy(), transfer.confidence.copy()
    labels[asked[confirmed]] = prior.labels[confirmed]
    confidence[asked[confirmed]] = prior.confidence[confirmed]
    sources, statuses = transfer.sources.copy(), transfer.status.copy()
    statuses[asked] = status
    labels[asked[refused]], confidence[asked[refused]] = unknown_id, 0
    sources[asked[refused]] = NO_SOURCE
    return replace(transfer, labels=labels, confidence=confidence, status=statuses, sources=sources)


def _without_sky(transfer: Transfer, plausibility: Plausibility, unknown_id: int) -> Transfer:
    """Sky that no lidar has put right is no label."""
    contradicted = plausibility.is_sky(transfer.labels)
    if not contradicted.any():
        return transfer
    return replace(
        transfer,
        labels=np.where(contradicted, transfer.labels.dtype.type(unknown_id), transfer.labels),
        confidence=np.where(contradicted, np.float32(0), transfer.confidence),
        status=np.where(contradicted, np.uint8(PointStatus.CONTRADICTED), transfer.status),
        sources=np.where(contradicted, np.uint8(NO_SOURCE), transfer.sources),
    )


def _spiral(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets in units of sigma, (count,) each; a single one is the centre."""
    order = np.arange(count)
    within = (order + 0.5 * (count > 1)) / count * (1 - math.exp(-(_WIDEST_SIGMA**2) / 2))
    radius = np.sqrt(-2 * np.log1p(-within))
    angle = order * _GOLDEN_ANGLE_RAD
    return radius * np.cos(angle), radius * np.sin(angle)


def _vote(
    returns: NDArray[np.intp],
    samples: NDArray[np.float32],
    view: View,
    config: RadarTransferConfig,
    unknown_id: int,
) -> CameraVote:
    points = project_points(samples, np.ones(len(samples), np.bool_), view)
    in_view = np.unique(points.index // config.samples)
    labels, support, share = _winners(points, len(returns), view, config.samples, unknown_id)
    labels[share < config.min_share] = unknown_id
    return CameraVote(
        index=returns[in_view],
        labels=labels[in_view],
        confidence=support[in_view],
        hidden=np.zeros(len(in_view), np.bool_),
    )


def _winners(
    points: ProjectedPoints, count: int, view: View, samples: int, unknown_id: int
) -> tuple[NDArray[np.uint16], NDArray[np.float32], NDArray[np.float32]]:
    """Per return the label with most support, its support and its share of the footprint."""
    label_map = view.prepared.label_map
    labels = label_map.labels[points.row, points.column]
    weights = label_map.confidence[points.row, points.column] / (255.0 * samples)
    weights[labels == unknown_id] = 0
    present, column = np.unique(labels, return_inverse=True)
    if present.size == 0:
        nothing = np.zeros(count, np.float32)
        return np.full(count, unknown_id, np.uint16), nothing, nothing
    votes = points.index // samples * present.size + column.reshape(-1)
    shape = (count, present.size)
    support = np.bincount(votes, weights, count * present.size).reshape(shape)
    shares = np.bincount(votes, minlength=count * present.size).reshape(shape) / samples
    winner = support.argmax(axis=1)
    rows = np.arange(count)
    return (
        present[winner].astype(np.uint16),
        support[rows, winner].astype(np.float32),
        shares[rows, winner].astype(np.float32),
    )

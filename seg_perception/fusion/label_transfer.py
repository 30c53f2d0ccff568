"""Labels for lidar points: project, part up, see what is in the way, weigh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import TransferConfig
from seg_perception.core.types import PointStatus
from seg_perception.fusion.confidence import Confidence
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.projection import ProjectedPoints, Range, pieces, project_points
from seg_perception.fusion.transfer import CameraVote, LabelVoting, Transfer
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.fusion.visibility import DepthBuffer, SameRays

# The pixel in which a point lies is known to a half of one.
_SAME_PIXEL_PX = 0.5

__all__ = ["PreparedLabelMap", "Transfer", "View", "transfer_labels"]


def transfer_labels(
    xyz: NDArray[np.float32],
    views: Sequence[View],
    config: TransferConfig,
    unknown_id: int,
    earlier: Sequence[NDArray[np.float32]] = (),
    plausibility: Plausibility | None = None,
    *,
    of_pixels: bool = False,
) -> Transfer:
    """Give each point the label of what a camera sees there.

    Where several cameras see a point, the label with the highest confidence counts, that of a
    camera that parts straight at it more than that of one at whose edge it lies.

    Args:
        xyz: float32 (N, 3), metre, sensor frame.
        views: label maps and their cameras; `Transfer.sources` counts in their order.
        config: ranges, depth buffer, weights.
        unknown_id: label of points that get none; in a label map: not computed.
        earlier: float32 (K, 3), points of earlier scans in the sensor's frame now; they may be
            in the way, but get no label.
        plausibility: takes back labels that can't be; None: nothing is known of classes.
        of_pixels: the points were made of the pixels of an image; what looks along their rays sees
            them all.
    """
    nobody = PointStatus.OUT_OF_VIEW if views else PointStatus.NO_LABEL_MAP
    ranges = Range(config.min_range_m, config.max_range_m)
    parts = [
        _Part(piece, *ranges.classify(points, nobody), points, views)
        for piece, points in pieces(xyz)
    ]
    several = len(views) > 1
    voting = LabelVoting(len(xyz), unknown_id, config.min_confidence, several=several)
    for source, view in enumerate(views):
        seen = [(part.points, part.projected[source]) for part in parts]
        before = [
            project_points(points, np.ones(len(points), np.bool_), view) for points in earlier
        ]
        same_rays = of_pixels and _looks_along(seen, view)
        buffer: type[DepthBuffer | SameRays] = SameRays if same_rays else DepthBuffer
        votes = _votes(seen, before, view, config, plausibility, buffer, several=several)
        for part, vote in zip(parts, votes, strict=True):
            voting.add(part.piece, source, vote)
    for part in parts:
        voting.close(part.piece, part.status)
    return voting.result()


class _Part:
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
        self.points = points
        self.projected = [project_points(points, asked, view) for view in views]


def _looks_along(seen: Sequence[tuple[NDArray[np.float32], ProjectedPoints]], view: View) -> bool:
    """Whether a camera sees even the nearest point in the pixel in which the sensor does."""
    depths = [points.depth.min() for _, points in seen if len(points.index)]
    return bool(depths) and view.parallax_px(float(min(depths))) < _SAME_PIXEL_PX


def _votes(
    seen: Sequence[tuple[NDArray[np.float32], ProjectedPoints]],
    before: Sequence[ProjectedPoints],
    view: View,
    config: TransferConfig,
    plausibility: Plausibility | None,
    make_buffer: type[DepthBuffer | SameRays],
    *,
    several: bool,
) -> Iterator[CameraVote]:
    """What a view says about each piece of a cloud; all that is known may be in the way."""
    image = view.prepared.label_map.labels
    every = [*(projected for _, projected in seen), *before]
    labels = [image.reshape(-1).take(points.pixel(image.shape[1])) for points in every]
    confidence = Confidence(view, config)
    buffer = make_buffer(every, labels, view.size, config.cell_px)
    for (xyz, points), under in zip(seen, labels[: len(seen)], strict=True):
        far = buffer.relative_depth(points, under)
        contradicted = None
        if plausibility is not None:
            contradicted = plausibility.contradicts(under, points, xyz, view)
        yield CameraVote(
            index=points.index,
            labels=under,
            confidence=confidence.of(points, far),
            hidden=far > np.float32(config.occlusion_ratio),
            contradicted=contradicted,
            facing=view.facing(points.column, points.row) if several else None,
        )

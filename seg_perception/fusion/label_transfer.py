"""Labels for lidar points: project, part up, see what is in the way, weigh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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

__all__ = ["AskedCloud", "PreparedLabelMap", "Transfer", "View", "transfer_labels"]


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
    asked = AskedCloud(xyz, config, earlier, plausibility, of_pixels=of_pixels)
    return asked.decide(views, unknown_id)


class AskedCloud:
    """A cloud that is laid before one view after the other.

    What a view says does not depend on the others: it can be asked before they are there.
    """

    def __init__(
        self,
        xyz: NDArray[np.float32],
        config: TransferConfig,
        earlier: Sequence[NDArray[np.float32]] = (),
        plausibility: Plausibility | None = None,
        *,
        of_pixels: bool = False,
    ) -> None:
        """Part a cloud up; all arguments are as for `transfer_labels`."""
        self.xyz = xyz
        self._config = config
        self._earlier = earlier
        self._plausibility = plausibility
        self._of_pixels = of_pixels
        ranges = Range(config.min_range_m, config.max_range_m)
        self._parts = [
            _Part(piece, points, *ranges.classify(points, PointStatus.OUT_OF_VIEW))
            for piece, points in pieces(xyz)
        ]
        self._asked: list[tuple[View, bool, Sequence[CameraVote]]] = []

    def ask(self, view: View, *, several: bool) -> None:
        """Ask a view now; `decide` finds what it said, if it is asked about the same.

        Args:
            view: a label map and its camera.
            several: there will be other views.
        """
        self._asked.append((view, several, self._votes(view, several=several)))

    def decide(self, views: Sequence[View], unknown_id: int) -> Transfer:
        """Labels by all views, once; the arguments are as for `transfer_labels`."""
        several = len(views) > 1
        count = len(self.xyz)
        voting = LabelVoting(count, unknown_id, self._config.min_confidence, several=several)
        for source, view in enumerate(views):
            for part, vote in zip(self._parts, self._said(view, several=several), strict=True):
                voting.add(part.piece, source, vote)
        nobody = PointStatus.OUT_OF_VIEW if views else PointStatus.NO_LABEL_MAP
        for part in self._parts:
            voting.close(part.piece, part.status_if_unseen(nobody))
        return voting.result()

    def _said(self, view: View, *, several: bool) -> Sequence[CameraVote]:
        for earlier, with_others, votes in self._asked:
            if with_others == several and view.shows_the_same_as(earlier):
                return votes
        return self._votes(view, several=several)

    def _votes(self, view: View, *, several: bool) -> Sequence[CameraVote]:
        seen = [
            (part.points, project_points(part.points, part.asked, view)) for part in self._parts
        ]
        before = [
            project_points(points, np.ones(len(points), np.bool_), view) for points in self._earlier
        ]
        same_rays = self._of_pixels and _looks_along(seen, view)
        buffer: type[DepthBuffer | SameRays] = SameRays if same_rays else DepthBuffer
        plausibility = self._plausibility
        votes = _votes(seen, before, view, self._config, plausibility, buffer, several=several)
        return list(votes)


@dataclass(frozen=True, eq=False)
class _Part:
    """A piece of the cloud.

    Attributes:
        piece: which of its points.
        points: float32 (M, 3), metre, sensor frame.
        status: uint8 (M,), PointStatus before any view is asked.
        asked: bool (M,), views are asked about it.
    """

    piece: slice
    points: NDArray[np.float32]
    status: NDArray[np.uint8]
    asked: NDArray[np.bool_]

    def status_if_unseen(self, nobody: PointStatus) -> NDArray[np.uint8]:
        """PointStatus of points that no view has in its image, uint8 (M,)."""
        if nobody == PointStatus.OUT_OF_VIEW:
            return self.status
        return np.where(self.status == PointStatus.OUT_OF_VIEW, np.uint8(nobody), self.status)


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

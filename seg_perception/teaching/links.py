"""Points that two pictures of a teaching see, on disk; and clicks that are carried along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import TeachingError

FILE = "links.npz"
# From a click to the point of a scan that stands for it, as a share of the picture's width.
_REACH = 0.012
# A point whose colour differs by more is no longer what was clicked: it moved, or is in the shade.
_MOST_CHANGE = 25.0
_PATCH_PX = 5


@dataclass(frozen=True, eq=False)
class Link:
    """Two pictures with points in common.

    Attributes:
        frame: name of the one that is clicked on.
        other: name of the one that clicks are carried to.
        points: float32 (N, 4), as `lidar_links.Links.points`.
    """

    frame: str
    other: str
    points: NDArray[np.float32]


def write_links(folder: Path, links: Sequence[Link]) -> None:
    """Write all links of a teaching into its folder.

    Raises:
        TeachingError: the disk refuses it.
    """
    if not links:
        return
    with draft_file(folder / FILE, TeachingError) as draft, draft.open("wb") as stream:
        np.savez_compressed(
            stream,
            names=np.array([[link.frame, link.other] for link in links]),
            ends=np.cumsum([len(link.points) for link in links]),
            points=np.concatenate([link.points for link in links]),
        )


def read_links(folder: Path) -> list[Link]:
    """As `write_links` wrote them; none where there is no file.

    Raises:
        TeachingError: the file is damaged.
    """
    path = folder / FILE
    try:
        with np.load(path) as stored:
            names, ends, points = (stored[key] for key in ("names", "ends", "points"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        msg = f"{path}: damaged ({error}); remove it to teach without carried clicks, or begin anew"
        raise TeachingError(msg) from error
    parts = np.split(points, ends[:-1])
    return [Link(str(a), str(b), part) for (a, b), part in zip(names, parts, strict=True)]


def carry(
    place: tuple[float, float],
    link: Link,
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    pieces: NDArray[np.int32],
) -> tuple[float, float] | None:
    """Where a click lies in the other picture of a link.

    It is the nearest point of a scan that lies in the same piece of the picture, if that looks
    alike in both: what drove or walked on in between, or is in the shade now, does not.

    Args:
        place: x and y of the click, as shares of width and height.
        link: from the picture that was clicked on.
        pictures: both, uint8 (H, W, 3) RGB of any size.
        pieces: int32 (h, w), `superpixels` of the whole first picture.

    Returns:
        x and y, as shares; None where it can't be told.
    """
    height, width = pictures[0].shape[:2]
    apart = (link.points[:, :2] - np.array(place, np.float32)) * (1.0, height / width)
    distance = np.hypot(*apart.T)
    distance[_at(pieces, link.points[:, :2]) != _at(pieces, np.array([place]))] = np.inf
    if not len(distance) or distance.min() > _REACH:
        return None
    nearest = int(distance.argmin())
    here, there = link.points[nearest, :2], link.points[nearest, 2:]
    change = _colour(pictures[0], here) - _colour(pictures[1], there)
    return None if np.linalg.norm(change) > _MOST_CHANGE else (float(there[0]), float(there[1]))


def _at(values: NDArray[np.int32], places: NDArray[np.floating]) -> NDArray[np.int32]:
    """Values (N,) at places (N, 2), shares of width and height."""
    height, width = values.shape
    columns = (places[:, 0] * width).astype(np.intp).clip(0, width - 1)
    rows = (places[:, 1] * height).astype(np.intp).clip(0, height - 1)
    found: NDArray[np.int32] = values[rows, columns]
    return found


def _colour(picture: NDArray[np.uint8], place: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean Lab colour, float64 (3,), of a small patch."""
    height, width = picture.shape[:2]
    column, row = int(place[0] * width), int(place[1] * height)
    half = _PATCH_PX // 2
    rows = slice(max(0, row - half), row + half + 1)
    patch = np.ascontiguousarray(picture[rows, max(0, column - half) : column + half + 1])
    return np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(axis=0))

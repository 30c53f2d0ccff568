"""The size at which pictures and labels are shown, one over the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LONGEST_PX = 1280


def shown_size(width: int, height: int) -> tuple[int, int]:
    """Width and height (pixel) at which a picture is shown: large ones are made smaller."""
    shrink = max(1.0, max(width, height) / _LONGEST_PX)
    return max(1, round(width / shrink)), max(1, round(height / shrink))


def resized_ids(
    ids: NDArray[np.uint8] | NDArray[np.uint16], width: int, height: int
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Class ids (h, w) at another size (pixel), none of them mixed."""
    rows = np.arange(height) * ids.shape[0] // height
    columns = np.arange(width) * ids.shape[1] // width
    resized: NDArray[np.uint8] | NDArray[np.uint16] = ids[rows[:, None], columns]
    return resized

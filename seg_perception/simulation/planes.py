"""Images of vectors, kept as one plane per component: (3, h, w).

Arithmetic on planes runs several times faster than on interleaved (h, w, 3) arrays.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats


def to_planes(vectors: Floats) -> Floats:
    """float32 (h, w, n) to (n, h, w)."""
    return np.stack(cv2.split(vectors))


def dot(a: Floats, b: Floats) -> Floats:
    """Scalar product of planes, float32 (3, h, w), or of a vector (3,) with planes; (h, w)."""
    product: Floats = a[0] * b[0]
    product += a[1] * b[1]
    product += a[2] * b[2]
    return product


def unit(vectors: Floats) -> Floats:
    """Vectors, float32 (..., 3), at length 1."""
    length = np.sqrt(np.einsum("...c,...c->...", vectors, vectors))
    scaled: Floats = vectors / (length[..., None] + np.float32(1e-20))
    return scaled


def span(mask: NDArray[np.bool_]) -> slice:
    """The rows of a mask, bool (h, w), from the first to the last that hold anything."""
    rows = np.flatnonzero(mask.any(axis=1))
    return slice(0, 0) if len(rows) == 0 else slice(int(rows[0]), int(rows[-1]) + 1)

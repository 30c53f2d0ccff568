"""The class ids and confidences that a labelled cloud carries, by the names of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CloudError

# The first that a cloud has. Beside a truth of the same name, labels of ours are `semantic_*`.
LABEL_FIELDS = ("semantic_label", "label", "label_id", "semantic_label_id", "class_id")
CONFIDENCE_FIELDS = ("semantic_confidence", "confidence", "probability")


def ids_in(
    points: NDArray[Any], fields: Sequence[str], topic: str
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The class ids in the first of some fields that a cloud has, (N,).

    Raises:
        CloudError: it has none, or one of them holds no ids.
    """
    names = points.dtype.names or ()
    name = next((field for field in fields if field in names), None)
    if name is None:
        msg = f"{topic}: expected a field {' or '.join(fields)} with labels, got {list(names)}"
        raise CloudError(msg)
    values = points[name].reshape(-1)
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if values.size and not (values.min() >= 0 and values.max() < 1 << 16):
        got = f"{values.min()} to {values.max()}"
        msg = f"{topic}: expected class ids from 0 to 65535 in field {name}, got {got}"
        raise CloudError(msg)
    return np.ascontiguousarray(values, np.uint16)


def confidence_in(points: NDArray[Any]) -> NDArray[Any] | None:
    """The confidence of a labelled cloud, (N,); None where it has none."""
    names = points.dtype.names or ()
    name = next((field for field in CONFIDENCE_FIELDS if field in names), None)
    return None if name is None else points[name].reshape(-1)

"""Where a truth names one class of the model: what a confidence, which is a class's, is about.

In groups, or where a true label may be several classes, being right is easier than the class that
the confidence speaks of: it would look too low.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.confusion import ID_LIMIT, ConfusionLayout, Labels

_NONE = -1


class ClassTruth:
    """Tells whether labels are right, class by class.

    Attributes:
        known: whether truth and model name the same classes at all.
    """

    def __init__(self, layout: ConfusionLayout) -> None:
        """Prepare the table."""
        self._table = np.full(ID_LIMIT, _NONE, np.int32)
        for number, class_id in _single_classes(layout).items():
            self._table[number] = class_id
        self.known = bool((self._table != _NONE).any())

    def right(self, truth: Labels, predicted: Labels) -> tuple[NDArray[np.bool_], NDArray[Any]]:
        """Which labels are right, and for which that is known.

        Args:
            truth, predicted: uint8 or uint16, of one shape.

        Returns:
            Two of bool, of the same shape.
        """
        wanted = self._table[truth]
        return wanted == predicted, wanted != _NONE


def _single_classes(layout: ConfusionLayout) -> dict[int, int]:
    """The model's class of each true id that is one."""
    ids = layout.predicted.ids
    if layout.meanings:
        return {i: ids[names[0]] for i, names in layout.meanings.items() if len(names) == 1}
    counted = set(layout.truth.ids) - set(layout.truth.ignore)
    # A name that both have means little if what lies beside it is divided otherwise.
    said = set(ids) - set(layout.predicted.ignore)
    if not (counted <= set(ids) and said <= set(layout.truth.ids)):
        return {}
    return {number: ids[name] for name, number in layout.truth.ids.items() if name in ids}

"""Whether true ids are those of the labels: nobody said so, and the numbers speak against it.

Where truth and labels number the same classes alike, they agree beyond chance (Cohen's kappa,
1960), however bad the model. Where they number them otherwise, they do not, but would if each true
id were renamed to the class that it is mostly labelled as. A few ids agree by accident.

Measured with the shipped model on 40 images of each of seven data sets with ids of their own, and
on the same with the right ids, in daylight, with red and blue swapped and nearly dark
(`docs/how_to/evaluation.md`): foreign ids had a kappa of 0.15 or less, right ones 0.27 or more in
daylight. Renaming raised it by 0.37 to 0.77, for right ids by 0.33 or less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.confusion import ConfusionLayout, Counts

FRAMES = 32
_MOST_AGREEMENT = 0.2
_LEAST_GAIN = 0.3
_MOST_OWN = 0.25
# Smaller ids say nothing; with fewer of them, accident may do.
_LEAST_SHARE = 0.005
_LEAST_IDS = 2
_SHOWN = 4


class ForeignIdsError(EvaluationError):
    """The true ids seem to be those of another ontology."""

    reason = "foreign_ids"


@dataclass(frozen=True)
class IdAgreement:
    """How ids of truth and labels go together.

    Attributes:
        kappa: agreement beyond chance, 1 at most.
        renamed: the same, if each true id meant what it is mostly labelled as.
        own: the share of ids that are mostly labelled as themselves.
        taken_for: what each true id is mostly labelled as, the most frequent id first.
    """

    kappa: float
    renamed: float
    own: float
    taken_for: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, pairs: Counts, layout: ConfusionLayout) -> IdAgreement:
        """From a matrix of pairs, int64 of the layout's shape."""
        counted = pairs[: layout.no_truth, : layout.no_label].astype(np.float64)
        total = counted.sum()
        if not total:
            return cls(1.0, 1.0, 1.0, ())
        truth, labels = counted.sum(axis=1) / total, counted.sum(axis=0) / total
        ids = np.flatnonzero(truth >= _LEAST_SHARE)
        ids = ids[np.argsort(-truth[ids], kind="stable")]
        found = counted.argmax(axis=1)
        both = np.arange(min(counted.shape))
        return cls(
            _kappa(counted[both, both].sum() / total, (truth[both] * labels[both]).sum()),
            _kappa(counted[ids, found[ids]].sum() / total, (truth[ids] * labels[found[ids]]).sum()),
            float((found[ids] == ids).mean()) if ids.size else 1.0,
            tuple((int(i), int(found[i])) for i in ids),
        )

    @property
    def foreign(self) -> bool:
        """Whether the ids seem to be those of another ontology."""
        return (
            len(self.taken_for) >= _LEAST_IDS
            and self.kappa < _MOST_AGREEMENT
            and self.renamed - self.kappa > _LEAST_GAIN
            and self.own <= _MOST_OWN
        )


def expect_own_ids(pairs: Counts, layout: ConfusionLayout, where: str) -> None:
    """Refuse a truth whose ids seem to be those of another ontology.

    Args:
        pairs: int64, of the layout's shape.
        layout: of the pairs; truth and labels are said to be of one ontology.
        where: the data set or stream, for the sentence.

    Raises:
        ForeignIdsError: see there.
    """
    agreement = IdAgreement.of(pairs, layout)
    if not agreement.foreign:
        return
    truth, labels = layout.truth.names, layout.predicted.names
    shown = ", ".join(
        f"{i} ({truth[i]}) is mostly labelled {labels[j]}"
        for i, j in agreement.taken_for[:_SHOWN]
        if i in truth and j in labels
    )
    msg = (
        f"{where}: the true ids were taken for those of the model, {layout.predicted.name}, and "
        f"agree with its labels hardly more than by chance (kappa {agreement.kappa:.2f}), while "
        f"other meanings would agree ({agreement.renamed:.2f}): {shown}; say what the ids mean by "
        "--truth-ontology ONTOLOGY or MAPPING, or by a mapping.yaml beside the images; --same-ids "
        "if they are the model's"
    )
    raise ForeignIdsError(msg)


def _kappa(agreed: float, by_chance: float) -> float:
    return float((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else 0.0

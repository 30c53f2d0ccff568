"""What people call the numbers whose keys documents and gates use."""

from __future__ import annotations

_TITLES = {
    "composite": "composite",
    "paired": "pairing",
    "purity": "purity",
    "coverage": "coverage",
    "visible_coverage": "coverage of what a camera sees",
    "time_agreement": "agreement across time",
    "true_time_agreement": "agreement across time of the truth",
    "miou": "mean IoU",
    "miou_nonzero": "mean IoU of classes above 0",
    "accuracy": "accuracy",
    "mean_accuracy": "mean accuracy",
    "fwiou": "frequency-weighted IoU",
    "boundary_iou": "boundary IoU",
    "boundary_f": "boundary F",
    "confidence": "mean confidence",
    "ece": "calibration error",
    "mce": "largest calibration error",
    "aurc": "area under risk-coverage",
    "overconfidence": "overconfidence",
    "unfamiliar": "pictures unlike what the model knows",
}
_CLASS = ".iou."
UNDER = " under "
"""Between a number's key and the corruption that the pictures were spoilt by."""


def title(key: str) -> str:
    """The words for a key: `fine.iou.person` is `IoU of person (fine)`; a protocol's own stay."""
    key, under, corruption = key.partition(UNDER)
    return f"{_title(key)}{under}{corruption.replace('_', ' ')}"


def _title(key: str) -> str:
    mapping, is_class, name = key.partition(_CLASS)
    if is_class:
        return f"IoU of {name} ({mapping})"
    mapping, _, metric = key.rpartition(".")
    words = _TITLES.get(metric, metric.replace("_", " "))
    return f"{words} ({mapping})" if mapping else words

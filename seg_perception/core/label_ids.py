"""Whether label images speak of the classes that this machine knows."""

from __future__ import annotations

import numpy as np

from seg_perception.core.errors import ImageError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, label_dtype


def validate_label_ids(label_map: LabelMap, ontology: Ontology) -> None:
    """Refuse labels of another ontology.

    Raises:
        ImageError: another type of ids, or ids that are no class.
    """
    labels, expected = label_map.labels, label_dtype(ontology.id_count)
    got = f"{labels.dtype} ids" if labels.dtype != expected else ""
    if not got and labels.size and labels.max() >= ontology.id_count:
        known = [*ontology.names, ontology.unknown_id]
        strange = np.setdiff1d(labels, known)
        got = f"class id {strange[0]}" if strange.size else ""
    if got:
        msg = (
            f"label image of camera {label_map.camera}: expected {expected} ids of ontology "
            f"{ontology.name}, got {got}; give both machines the same model bundle"
        )
        raise ImageError(msg)

"""The classes that a data set names, as an ontology."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence

from seg_perception.core.errors import ConfigError, DatasetError
from seg_perception.core.ontology import Ontology

# Neighbouring hues that differ: turns of the golden angle.
_TURN = 0.618034


def ontology_of(
    names: Mapping[int, str],
    name: str,
    source: str,
    colors: Mapping[int, str] | None = None,
    ignore: Sequence[str] = (),
) -> Ontology:
    """An ontology of class names by id.

    Args:
        names: by id.
        name: of the data set.
        source: where the names stand.
        colors: `#rrggbb` by id; others are made up.
        ignore: names of what is no class.

    Raises:
        DatasetError: names that are empty or occur twice.
    """
    classes = [
        {"id": i, "name": label, "color": (colors or {}).get(i) or _color(place)}
        for place, (i, label) in enumerate(sorted(names.items()))
    ]
    try:
        return Ontology.parse(
            {"name": name, "source": source, "classes": classes, "ignore": tuple(ignore)}, source
        )
    except ConfigError as error:
        raise DatasetError(str(error)) from error


def _color(place: int) -> str:
    hue, value = (place * _TURN) % 1.0, (0.95, 0.75, 0.55)[place % 3]
    return "#" + "".join(
        f"{round(255 * part):02x}" for part in colorsys.hsv_to_rgb(hue, 0.7, value)
    )

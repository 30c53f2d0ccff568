"""The classes that a data set names, as an ontology."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from seg_perception.core.distinct_colors import distinct_colors
from seg_perception.core.errors import ConfigError, DatasetError
from seg_perception.core.ontology import Ontology

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


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
    given = {i: color for i, color in (colors or {}).items() if color and i in names}
    others = [i for i in sorted(names) if i not in given]
    # What is no colour is refused below, by its name.
    taken = [color for color in given.values() if _COLOR.fullmatch(color)]
    given |= zip(others, distinct_colors(len(others), taken), strict=True)
    classes = [{"id": i, "name": label, "color": given[i]} for i, label in sorted(names.items())]
    try:
        return Ontology.parse(
            {"name": name, "source": source, "classes": classes, "ignore": tuple(ignore)}, source
        )
    except ConfigError as error:
        raise DatasetError(str(error)) from error

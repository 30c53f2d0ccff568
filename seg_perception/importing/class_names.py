"""An ontology of a model's class names."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from seg_perception.core.ontology import Ontology, shipped

# Steps of the golden angle never come near a hue that was taken before.
_HUE_STEP = 0.618034
_LIGHTNESS = (0.95, 0.7, 0.5)


def ontology_of(names: Sequence[str], title: str) -> Ontology:
    """The shipped ontology with these classes in this order, else one with made-up colours.

    Args:
        names: by class id.
        title: of an ontology that is made.
    """
    for name in shipped():
        ontology = Ontology.load(name)
        if [ontology.names.get(number) for number in range(len(names))] == list(names) and len(
            ontology.classes
        ) == len(names):
            return ontology
    return generate(names, title)


def generate(names: Sequence[str], title: str) -> Ontology:
    """An ontology without groupings; a name that occurs twice gets its number."""
    unique = [n if names.count(n) == 1 else f"{n}_{number}" for number, n in enumerate(names)]
    classes = [
        {"id": number, "name": name, "color": _colour(number)} for number, name in enumerate(unique)
    ]
    return Ontology.parse({"name": title, "classes": classes}, title)


def _colour(number: int) -> str:
    light = _LIGHTNESS[number % len(_LIGHTNESS)]
    rgb = colorsys.hsv_to_rgb(number * _HUE_STEP % 1, 0.75, light)
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)

"""Clicks of a teaching: each class that was clicked in a picture is something to point at."""

from __future__ import annotations

from collections.abc import Sequence

from seg_perception.open_vocabulary.pointing.known import Known
from seg_perception.open_vocabulary.prompts import Prompt


def from_clicks(clicks: Sequence[tuple[int, float, float]]) -> list[Known]:
    """A prompt for each clicked class: its own clicks are in it, those of others are not.

    Args:
        clicks: class, an index in the words, and x and y, pixel.
    """
    places = sorted({place for place, _, _ in clicks})
    return [
        Known(place, Prompt(clicks=tuple((x, y, other == place) for other, x, y in clicks)))
        for place in places
    ]

"""One number of a run, as tables, pages and gates read it."""

from __future__ import annotations

from seg_perception.evaluation.document import Document
from seg_perception.evaluation.metric_titles import title
from seg_perception.evaluation.scores import known


class Metric(Document):
    """One number.

    Attributes:
        key: its name in tables and gates, for instance `miou`.
        description: what it says, in a few words.
        unit: `%`, `s`, `Hz`, or empty for a count.
        value: the number; None where it is not defined.
        n: of how many pixels, points, frames or messages.
        conditions: what it is restricted to; empty: nothing.
        low, high: its 95 % bootstrap interval over units; None with fewer than two of them.
    """

    key: str
    description: str
    unit: str
    value: float | None
    n: int
    conditions: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def title(self) -> str:
        """Its name for people."""
        return title(self.key)


def percent_metric(
    key: str,
    description: str,
    value: float,
    n: int,
    *,
    conditions: str = "",
    limits: tuple[float | None, float | None] = (None, None),
) -> Metric:
    """A share in percent, NaN where it is not defined; arguments as in `Metric`."""
    return Metric(
        key=key,
        description=description,
        unit="%",
        value=known(value),
        n=n,
        conditions=conditions,
        low=limits[0],
        high=limits[1],
    )

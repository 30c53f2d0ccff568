"""What spoilt pictures cost, class by class and strength by strength."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from seg_perception.corruptions.catalogue import CORRUPTIONS
from seg_perception.evaluation.class_scores import Slice
from seg_perception.evaluation.slices import corruption_of
from seg_perception.reports.curve import Curve

_BESIDE = ("confidence", "ece", "overconfidence", "unfamiliar")


@dataclass(frozen=True)
class CorruptionRow:
    """One number over the strengths.

    Attributes:
        name: a class, or the name of a number.
        values: percent, from untouched on; None where not defined.
        curve: the same as a drawing.
        is_class: whether it is a class's IoU.
    """

    name: str
    values: tuple[float | None, ...]
    curve: Markup
    is_class: bool


@dataclass(frozen=True)
class CorruptionTable:
    """One corruption in one class mapping.

    Attributes:
        name: of the corruption.
        unit: of the amounts.
        amounts: of the columns, in words; the first is untouched.
        rows: the headline, how sure the labels are and how many pictures the model does not know,
            then the classes.
    """

    name: str
    class_mapping: str
    unit: str
    amounts: tuple[str, ...]
    rows: tuple[CorruptionRow, ...]


def corruption_tables(slices: Iterable[Slice]) -> list[CorruptionTable]:
    """One table a corruption and class mapping, in the order of their first appearance."""
    found: dict[tuple[str, str], list[Slice]] = {}
    for entry in slices:
        if name := corruption_of(entry):
            found.setdefault((name, entry.class_mapping), []).append(entry)
    return [_table(*key, parts) for key, parts in found.items()]


def _table(name: str, mapping: str, parts: Sequence[Slice]) -> CorruptionTable:
    by_strength = {int(part.value): part for part in parts}
    known = CORRUPTIONS.get(name)
    amounts = [f"{amount:g}" for amount in known.amounts] if known else []
    return CorruptionTable(
        name=name.replace("_", " "),
        class_mapping=mapping,
        unit=known.unit if known else "strength",
        amounts=("untouched", *amounts),
        rows=tuple(_rows([by_strength[strength] for strength in sorted(by_strength)])),
    )


def _rows(parts: Sequence[Slice]) -> Iterator[CorruptionRow]:
    headline = parts[0].metrics[0]
    yield _row(headline.title, [_value(part, headline.key) for part in parts], is_class=False)
    for key in _BESIDE:
        values = [_value(part, key) for part in parts]
        if any(value is not None for value in values):
            title = next(m.title for part in parts for m in part.metrics if m.key == key)
            yield _row(title, values, is_class=False)
    for name, iou in parts[0].iou.items():
        if iou is not None:
            yield _row(name, [_iou(part.iou, name) for part in parts], is_class=True)


def _row(name: str, values: Sequence[float | None], *, is_class: bool) -> CorruptionRow:
    curve = Curve(values).svg(f"{name} from untouched to the strongest")
    return CorruptionRow(name, tuple(values), curve, is_class)


def _value(part: Slice, key: str) -> float | None:
    return next((metric.value for metric in part.metrics if metric.key == key), None)


def _iou(by_class: Mapping[str, float | None], name: str) -> float | None:
    return by_class.get(name)

"""Is the second run better? Differences over the same units, draw by draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.bootstrap import draw, intervals
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout, Counts
from seg_perception.evaluation.document import Document
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.mapping_scores import mapping_metrics
from seg_perception.evaluation.metric_titles import UNDER
from seg_perception.evaluation.results import Results
from seg_perception.evaluation.scores import ClassCounts, Floats, known, percent
from seg_perception.evaluation.slices import UNTOUCHED, corruption_of
from seg_perception.evaluation.stream_result import StreamResult, Unit

UnitKey = tuple[str, str]
Table = Mapping[str, Floats]


class Change(Document):
    """One number in two runs, in percent.

    Attributes:
        stream: whose it is.
        key: `composite`, `fine.miou`, `fine.iou.person` for a class, or
            `fine.miou under motion_blur 3` for spoilt pictures.
        before, after: over the units that both runs have; None where not defined.
        difference: after minus before, in percentage points.
        low, high: its 95 % interval over the same draws; None with fewer than two units.
        verdict: whether the interval leaves zero out.
    """

    stream: str
    key: str
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Literal["better", "worse", "unclear"]

    @property
    def changed(self) -> bool:
        """Whether the runs differ in it, over all units or in draws of them."""
        return self.before != self.after or bool(self.low) or bool(self.high)


class RunChange(Document):
    """A run against the first one.

    Attributes:
        run: its name.
        changes: regressions first: what surely became worse, then by the difference.
        units: how many units were compared, by stream.
        notes: what a reader should know.
    """

    run: str
    changes: tuple[Change, ...]
    units: Mapping[str, int]
    notes: tuple[str, ...] = ()


class Comparison(Document):
    """Runs against the first of them."""

    baseline: str
    protocol: str
    runs: tuple[RunChange, ...]


def compare(baseline: Results, others: Sequence[Results]) -> Comparison:
    """Compare runs over the same data and protocol.

    Raises:
        EvaluationError: runs that can't be compared, and why.
    """
    for other in others:
        _expect_comparable(baseline, other)
    return Comparison(
        baseline=baseline.name,
        protocol=baseline.protocol.name,
        runs=tuple(_against(baseline, other) for other in others),
    )


def _expect_comparable(first: Results, second: Results) -> None:
    if first.protocol != second.protocol:
        msg = (
            f"{second.name}: scored by protocol {second.protocol.name}, {first.name} by "
            f"{first.protocol.name} or another version of it; evaluate both by the same"
        )
        raise EvaluationError(msg)
    if (first.truth_ontology, first.truth_meanings) != (
        second.truth_ontology,
        second.truth_meanings,
    ):
        msg = (
            f"{second.name}: its truth is in ontology {second.truth_ontology.name}, that of "
            f"{first.name} in {first.truth_ontology.name} or another version of it; evaluate both "
            "against the same"
        )
        raise EvaluationError(msg)
    names = [tuple(m.name for m in run.streams[0].class_mappings) for run in (first, second)]
    if names[0] != names[1]:
        msg = (
            f"{second.name}: has class mappings {names[1]}, {first.name} has {names[0]}; score the "
            "same"
        )
        raise EvaluationError(msg)


def _against(first: Results, second: Results) -> RunChange:
    changes: list[Change] = []
    units: dict[str, int] = {}
    notes: list[str] = []
    for stream in first.streams:
        other = second.stream(stream.name)
        if other is None:
            notes.append(f"{stream.name}: {second.name} has no such stream")
            continue
        common = _common(stream, other)
        if not common:
            continue
        units[stream.name] = len(common)
        notes += list(_remarks(stream, other, common))
        changes += list(_changes(_Side(first, stream, common), _Side(second, other, common)))
        if len(common) == len(stream.units) == len(other.units):
            changes += list(_corruption_changes(stream, other))
    if not units:
        seen = [list(run.source.sequences) for run in (first, second)]
        msg = f"no unit in common: expected runs over the same data, got {seen[0]} and {seen[1]}"
        raise EvaluationError(msg)
    return RunChange(
        run=second.name, changes=tuple(sorted(changes, key=_rank)), units=units, notes=tuple(notes)
    )


def _common(first: StreamResult, second: StreamResult) -> list[UnitKey]:
    keys = {(unit.sequence, unit.name) for unit in second.units}
    return [key for unit in first.units if (key := (unit.sequence, unit.name)) in keys]


def _remarks(first: StreamResult, second: StreamResult, common: Sequence[UnitKey]) -> Iterator[str]:
    total = len({(u.sequence, u.name) for run in (first, second) for u in run.units})
    if len(common) < total:
        yield f"{first.name}: {len(common)} of {total} units are in both runs; only those count"
    frames = [{(u.sequence, u.name): u.frames for u in run.units} for run in (first, second)]
    differing = sum(frames[0][key] != frames[1][key] for key in common)
    if differing:
        yield f"{first.name}: {differing} units have another number of frames in the second run"


@dataclass
class _Side:
    """One run's stream, restricted to the units of both."""

    run: Results
    stream: StreamResult
    units: Sequence[UnitKey]

    def table(self) -> tuple[Table, Table | None]:
        """Every number, for all units and for the draws of them."""
        layout = self.run.layout
        names = [mapping.name for mapping in self.stream.class_mappings]
        mapped_classes = map_classes(self.run.protocol, layout, names, partial=True)
        by_key = {(u.sequence, u.name): u for u in self.stream.units}
        pairs = [_pairs(by_key[key], layout) for key in self.units]
        values: dict[str, Floats] = {}
        drawn: dict[str, Floats] | None = {}
        for mapped in mapped_classes:
            folded = np.stack([mapped.fold(matrix) for matrix in pairs])
            values.update(self._numbers(mapped, ClassCounts.of(folded.sum(axis=0))))
            draws = draw(folded)
            if draws is None or drawn is None:
                drawn = None
            else:
                drawn.update(self._numbers(mapped, draws))
        self._add_composite(values)
        if drawn is not None:
            self._add_composite(drawn)
        return values, drawn

    def _numbers(self, mapped: MappedClasses, counts: ClassCounts) -> dict[str, Floats]:
        mapping = mapped.mapping.name
        found = {
            f"{mapping}.{k}": value for k, (_, value) in mapping_metrics(mapped, counts).items()
        }
        iou = counts.iou
        found.update({f"{mapping}.iou.{name}": iou[..., n] for n, name in enumerate(mapped.names)})
        if self.stream.kind != "image" and mapping == self.stream.class_mappings[0].name:
            right, labelled = counts.correct.sum(axis=-1), counts.predicted.sum(axis=-1)
            found["purity"] = percent(right, labelled)
        return found

    def _add_composite(self, table: dict[str, Floats]) -> None:
        weights = self.run.protocol.composite
        if weights and set(weights) <= set(table):
            table["composite"] = np.sum([w * table[key] for key, w in weights.items()], axis=0)


def _pairs(unit: Unit, layout: ConfusionLayout) -> Counts:
    """A unit's matrix, from the ids that the document has."""
    matrix = np.zeros(layout.shape, np.int64)
    columns = {layout.predicted.unknown_id: layout.no_label, -1: layout.not_seen}
    for row, column, count in unit.pairs:
        place = layout.no_truth if row == layout.truth.unknown_id else row
        matrix[place, columns.get(column, column)] = count
    return matrix


def _changes(first: _Side, second: _Side) -> Iterator[Change]:
    before, before_drawn = first.table()
    after, after_drawn = second.table()
    keys = [key for key in before if key in after]
    low: Sequence[float | None] = [None] * len(keys)
    high = low
    if before_drawn is not None and after_drawn is not None:
        drawn = np.stack([after_drawn[key] - before_drawn[key] for key in keys], axis=1)
        low, high = intervals(drawn)
    for n, key in enumerate(keys):
        values = float(before[key]), float(after[key])
        if all(map(math.isnan, values)):
            continue
        difference = values[1] - values[0]
        yield Change(
            stream=first.stream.name,
            key=key,
            before=known(values[0]),
            after=known(values[1]),
            difference=known(difference),
            low=low[n],
            high=high[n],
            verdict=_verdict(low[n], high[n]),
        )


def _corruption_changes(first: StreamResult, second: StreamResult) -> Iterator[Change]:
    """Of each strength of a corruption headline, confidence, familiarity; they have no interval."""
    before, after = _spoilt(first), _spoilt(second)
    for key, value in before.items():
        other = after.get(key)
        if value is not None and other is not None:
            yield Change(
                stream=first.name,
                key=key,
                before=value,
                after=other,
                difference=other - value,
                low=None,
                high=None,
                verdict="unclear",
            )


def _spoilt(stream: StreamResult) -> dict[str, float | None]:
    return {
        f"{entry.class_mapping}.{metric.key}{UNDER}{name} {entry.value}": metric.value
        for entry in stream.slices
        if (name := corruption_of(entry)) and entry.value != UNTOUCHED
        for metric in entry.metrics
        if metric.key in {entry.metrics[0].key, "confidence", "unfamiliar"}
    }


def _verdict(low: float | None, high: float | None) -> Literal["better", "worse", "unclear"]:
    if low is not None and high is not None:
        if high < 0:
            return "worse"
        if low > 0:
            return "better"
    return "unclear"


def _rank(change: Change) -> tuple[int, float, str, str]:
    order = {"worse": 0, "unclear": 1, "better": 2}
    return order[change.verdict], change.difference or 0.0, change.stream, change.key

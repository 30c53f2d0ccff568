"""Results of an evaluation as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from seg_perception.cli.tables import console

if TYPE_CHECKING:
    from seg_perception.evaluation.class_scores import ClassMappingResult
    from seg_perception.evaluation.metric import Metric
    from seg_perception.evaluation.results import Results
    from seg_perception.evaluation.stream_result import StreamResult


def print_results(results: Results) -> None:
    """Print what a run found: means by stream, then the classes."""
    out = console()
    out.print(_means(results))
    for stream in results.streams:
        for mapping in stream.class_mappings:
            out.print(_classes(stream, mapping))
            for line in _alarms(mapping):
                out.print(line)
    for choice in results.protocol.choices:
        out.print(f"[dim]{results.protocol.name}: {choice}[/dim]")


def _means(results: Results) -> Table:
    table = _table(f"{results.protocol.title}", "stream", "metric", "value", "95 % interval", "n")
    for stream in results.streams:
        named = [("", metric) for metric in stream.metrics]
        named += [
            (mapping.name, metric)
            for mapping in stream.class_mappings
            for metric in mapping.metrics
        ]
        if stream.calibration is not None:
            space = stream.calibration.space
            named += [(space, metric) for metric in stream.calibration.metrics]
        for mapping, metric in named:
            words = f"{metric.title} ({mapping})" if mapping else metric.title
            table.add_row(stream.name, words, _value(metric), _interval(metric), f"{metric.n:,}")
    return table


def _classes(stream: StreamResult, mapping: ClassMappingResult) -> Table:
    headers = ("class", "IoU %", "95 % interval", "precision %", "recall %", "boundary IoU %")
    table = _table(f"{stream.name}, {mapping.name}", *headers, "truth", "predicted")
    for entry in mapping.classes:
        if not entry.truth and not entry.predicted:
            continue
        table.add_row(
            entry.name,
            _number(entry.iou),
            _between(entry.low, entry.high),
            _number(entry.precision),
            _number(entry.recall),
            _number(entry.boundary_iou),
            f"{entry.truth:,}",
            f"{entry.predicted:,}",
        )
    return table


def _alarms(mapping: ClassMappingResult) -> list[str]:
    lines = []
    if mapping.never_predicted:
        lines.append(f"[bold red]never predicted: {', '.join(mapping.never_predicted)}[/bold red]")
    absent = [c.name for c in mapping.classes if c.absent]
    if absent:
        lines.append(f"not in the truth: {', '.join(absent)}")
    if mapping.excluded:
        lines.append(
            f"excluded: {', '.join(mapping.excluded)} ({mapping.excluded_truth:,} true, "
            f"{mapping.excluded_predictions:,} predicted)"
        )
    return lines


def _table(title: str, *headers: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index < 1 or header == "metric" else "right")
    return table


def _value(metric: Metric) -> str:
    return "-" if metric.value is None else f"{metric.value:.2f} {metric.unit}".rstrip()


def _interval(metric: Metric) -> str:
    return _between(metric.low, metric.high)


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.2f} to {high:.2f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"

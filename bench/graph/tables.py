"""What was found, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.graph.figures import Flow
from bench.graph.summary import Summary

STAGES = (
    "wait",
    "decode",
    "prepare",
    "ready",
    "segment",
    "finish",
    "transfer",
    "publish",
    "gap",
    "total",
)


def comparison(load: str, ours: Summary, usual: Summary) -> str:
    """One load: ours, the usual node, and ours over the usual one's."""
    lines = [
        f"| {load} | seg_perception | usual node | ratio |",
        "|---|---|---|---|",
    ]
    for name, a, b, digits in _rows(ours, usual):
        ratio = f"{a / b:.2f}" if b else "-"
        lines.append(f"| {name} | {a:.{digits}f} | {b:.{digits}f} | {ratio} |")
    lines += [
        f"| {kind} sent / heard / lost (of these accounted for by the node) | "
        f"{_fate(getattr(ours, key))} | {_fate(getattr(usual, key))} | |"
        for kind, key in (("images", "images"), ("clouds", "clouds"))
    ]
    return "\n".join(lines)


def stages(load: str, reports: Sequence[Mapping[str, Any]]) -> str:
    """Our node's own stages: medians over the trials of its percentiles, in milliseconds."""
    lines = [
        f"| {load}: stage | stream | p50 | p95 | p99 (ms) |",
        "|---|---|---|---|---|",
    ]
    found: dict[tuple[str, str], list[list[float]]] = {}
    for report in reports:
        for entry in report.get("latencies", []):
            figures = [1e3 * entry[key] for key in ("p50_s", "p95_s", "p99_s")]
            found.setdefault((entry["stream"], entry["stage"]), []).append(figures)
    for (stream, stage), rows in sorted(found.items(), key=_order):
        p50, p95, p99 = np.median(rows, axis=0)
        lines.append(f"| {stage} | {stream} | {p50:.1f} | {p95:.1f} | {p99:.1f} |")
    return "\n".join(lines)


def _order(item: tuple[tuple[str, str], object]) -> tuple[str, int]:
    (stream, stage), _ = item
    return stream, STAGES.index(stage)


def _rows(ours: Summary, usual: Summary) -> Iterator[tuple[str, float, float, int]]:
    for kind, key in (("label images", "images"), ("semantic clouds", "clouds")):
        a, b = getattr(ours, key), getattr(usual, key)
        yield f"{kind}: results per second", a.rate_hz, b.rate_hz, 1
        for number, name in enumerate(("p50", "p95", "p99")):
            what = f"{kind}: from sending to subscriber, {name} (ms)"
            yield what, 1e3 * a.latency_s[number], 1e3 * b.latency_s[number], 0
        for number, name in ((0, "p50"), (2, "p99")):
            what = f"{kind}: age of the data at the subscriber, {name} (ms)"
            yield what, 1e3 * a.age_s[number], 1e3 * b.age_s[number], 0
    for number, name in ((0, "p50"), (2, "p99")):
        what = f"time between a cloud and its label images, {name} (ms)"
        yield what, 1e3 * ours.gap_s[number], 1e3 * usual.gap_s[number], 0
    yield "processor: cores kept busy", ours.cpu, usual.cpu, 2
    per_result = "processor time per result (ms)"
    yield per_result, 1e3 * ours.cpu_per_result_s, 1e3 * usual.cpu_per_result_s, 0
    yield "labelled points whose label is right (%)", 100 * ours.right, 100 * usual.right, 1
    yield "points in sight that got a label (%)", 100 * ours.labelled, 100 * usual.labelled, 1


def _fate(flow: Flow) -> str:
    return f"{flow.sent} / {flow.heard} / {flow.lost} ({flow.accounted})"

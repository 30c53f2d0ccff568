"""A run at one look: memory, handles, latency and processor over time, faults behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from seg_perception.reports.svg import tag
from soak.record import Record

WIDTH, HEIGHT, LEFT, TOP, GAP = 960.0, 130.0, 64.0, 16.0, 34.0
_COLOURS = ("#1f6fb2", "#d1622b", "#3a8f4d", "#8b5bb0")
_INK, _PALE, _FAULT = "#333333", "#dddddd", "#f3e3c3"
_LABEL_GAP = 12.0
Lines = Mapping[str, Sequence[float]]


def draw(record: Record) -> str:
    """The run as an SVG file."""
    samples = record.samples
    times = [s.time_s for s in samples]
    charts: dict[str, Lines] = {
        "memory (MiB)": {
            "resident": [s.usage.rss_mib for s in samples],
            "heap and stacks": [s.usage.anon_mib for s in samples],
        },
        "count": {
            "file descriptors": [float(s.usage.fds) for s in samples],
            "threads": [float(s.usage.threads) for s in samples],
        },
        "latency (ms)": {
            stream: [s.latency_ms.get(stream, math.nan) for s in samples]
            for stream in record.streams
        },
        "cores": {"processor": _load(record)},
    }
    parts = [part for n, c in enumerate(charts.items()) for part in _chart(record, times, n, c)]
    height = len(charts) * (HEIGHT + GAP) + TOP
    frame = tag("rect", width=WIDTH, height=height, fill="#ffffff")
    box = f"0 0 {WIDTH:g} {height:g}"
    size: dict[str, str | float] = {"viewBox": box, "width": WIDTH, "height": height}
    return str(tag("svg", frame, *parts, xmlns="http://www.w3.org/2000/svg", **size))


def _load(record: Record) -> list[float]:
    pairs = zip(record.samples, record.samples[1:], strict=False)
    return [math.nan] + [
        (b.usage.cpu_s - a.usage.cpu_s) / max(b.time_s - a.time_s, 1e-3) for a, b in pairs
    ]


def _chart(
    record: Record, times: Sequence[float], number: int, chart: tuple[str, Lines]
) -> Iterator[Markup]:
    unit, lines = chart
    top = TOP + number * (HEIGHT + GAP)
    high = (
        max((v for line in lines.values() for v in line if not math.isnan(v)), default=1.0) * 1.1
        or 1.0
    )
    scale_x = (WIDTH - LEFT - 8) / max(record.seconds, 1e-3)

    def x(time_s: float) -> float:
        return LEFT + time_s * scale_x

    def y(value: float) -> float:
        return top + HEIGHT * (1 - value / high)

    for event in record.events:
        width = max(1.0, (event.end_s - event.begin_s) * scale_x)
        title = tag("title", event.name)
        place = {"x": x(event.begin_s), "y": top, "width": width, "height": HEIGHT}
        yield tag("rect", title, fill=_FAULT, **place)
    yield _path([(x(record.warm_s), top), (x(record.warm_s), top + HEIGHT)], _INK, "4 3")
    for share in (0.0, 0.5, 1.0):
        value = high / 1.1 * share
        yield _path([(LEFT, y(value)), (WIDTH - 8, y(value))], _PALE)
        yield _label(LEFT - 6, y(value) + 4, f"{value:.4g}", _INK, "end")
    yield _label(LEFT, top - 4, unit, _INK)
    for n, (name, values) in enumerate(lines.items()):
        points = [(x(t), y(v)) for t, v in zip(times, values, strict=True) if not math.isnan(v)]
        yield _path(points, _COLOURS[n % len(_COLOURS)])
        yield _label(LEFT + 110 + 150 * n, top - 4, name, _COLOURS[n % len(_COLOURS)])
    yield _label(WIDTH - 8, top + HEIGHT + _LABEL_GAP, f"{record.seconds:.0f} s", _INK, "end")


def _path(points: Sequence[tuple[float, float]], colour: str, dashes: str = "") -> Markup:
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    look: dict[str, str | float] = {"stroke": colour, "stroke_width": 1.2, "fill": "none"}
    return tag("polyline", points=text, stroke_dasharray=dashes or "none", **look)


def _label(x: float, y: float, text: str, colour: str, anchor: str = "start") -> Markup:
    look: dict[str, str | float] = {"fill": colour, "font_size": 12, "text_anchor": anchor}
    return tag("text", text, x=x, y=y, **look)

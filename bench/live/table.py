"""What was found, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bench.live.trial import Trial

Trials = Mapping[str, Sequence[Trial]]
Figure = Callable[[Trial], float]

_ROWS: dict[str, tuple[Figure, int]] = {
    "label images per second": (lambda t: t.images.rate_hz, 1),
    "label images: age p50 (ms)": (lambda t: 1e3 * t.images.age_s[0], 0),
    "label images: age p95 (ms)": (lambda t: 1e3 * t.images.age_s[1], 0),
    "lidar clouds: age p50 (ms)": (lambda t: 1e3 * t.lidar.age_s[0], 0),
    "lidar clouds: age p95 (ms)": (lambda t: 1e3 * t.lidar.age_s[1], 0),
    "lidar clouds lost (%)": (lambda t: 100 * t.lidar.lost, 1),
    "radar clouds: age p50 (ms)": (lambda t: 1e3 * t.radar.age_s[0], 0),
    "radar clouds: age p95 (ms)": (lambda t: 1e3 * t.radar.age_s[1], 0),
    "radar clouds lost (%)": (lambda t: 100 * t.radar.lost, 1),
    "cores kept busy": (lambda t: t.cpu, 2),
}


def comparison(cameras: int, camera_hz: float, trials: Trials) -> str:
    """One number of cameras: medians over the trials, and their ratio."""
    lines = [
        f"| {cameras} x {camera_hz:g} Hz | pipeline | serial | ratio |",
        "|---|---|---|---|",
    ]
    for name, (figure, digits) in _ROWS.items():
        ours, serial = (_median(trials[system], figure) for system in ("pipeline", "serial"))
        ratio = f"{ours / serial:.2f}" if serial else "-"
        lines.append(f"| {name} | {ours:.{digits}f} | {serial:.{digits}f} | {ratio} |")
    return "\n".join(lines)


def verdict(trials: Trials) -> str:
    """How far the last table is from what is aimed at."""
    ours = trials["pipeline"]
    age_ms = 1e3 * _median(ours, lambda t: t.lidar.age_s[1])
    lost = 100 * max(_median(ours, lambda t: t.lidar.lost), _median(ours, lambda t: t.radar.lost))
    return f"aims: lidar age p95 250 ms (is {age_ms:.0f}), 1 % of clouds lost (is {lost:.1f} %)"


def _median(trials: Sequence[Trial], figure: Figure) -> float:
    return float(np.median([figure(trial) for trial in trials]))

"""What was found, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bench.live.trial import BASELINE, Trial

Trials = Mapping[str, Sequence[Trial]]
Figure = Callable[[Trial], float]

_OURS = {"pipeline": "one node", "split": "two nodes"}
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
    """One number of cameras: medians over the trials, and their ratios to the baseline's."""
    lines = [
        f"| {cameras} x {camera_hz:g} Hz | one node | ratio | two nodes | ratio | serial |",
        "|---|---|---|---|---|---|",
    ]
    for name, (figure, digits) in _ROWS.items():
        serial = _median(trials[BASELINE], figure)
        cells = [name]
        for system in _OURS:
            ours = _median(trials[system], figure)
            cells += [f"{ours:.{digits}f}", f"{ours / serial:.2f}" if serial else ""]
        lines.append(f"| {' | '.join([*cells, f'{serial:.{digits}f}'])} |")
    return "\n".join(lines)


def verdict(trials: Trials) -> str:
    """How far the last table is from what is aimed at."""
    return "\n".join(_verdict(words, trials[system]) for system, words in _OURS.items())


def _verdict(words: str, ours: Sequence[Trial]) -> str:
    age_ms = 1e3 * _median(ours, lambda t: t.lidar.age_s[1])
    lost = 100 * max(_median(ours, lambda t: t.lidar.lost), _median(ours, lambda t: t.radar.lost))
    aims = f"lidar age p95 250 ms (is {age_ms:.0f}), 1 % of clouds lost (is {lost:.1f} %)"
    return f"{words}: aims: {aims}"


def _median(trials: Sequence[Trial], figure: Figure) -> float:
    return float(np.median([figure(trial) for trial in trials]))

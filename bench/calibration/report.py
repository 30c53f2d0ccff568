"""Tables of what was planted and what was said, and every false verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.calibration.planted import Case
from seg_perception.alignment.pose import CLOCK, COMPONENTS, SHIFT, TURN

_UNITS = np.array([1, 1, 1, 100, 100, 100, 1000])
_MANY = 24
_GROUPS = {"1": (1, 1), "2": (2, 3), "4": (4, 4), "5 to 8": (5, 8), "more": (9, 10_000)}


def markdown(cases: Sequence[Case]) -> str:
    """All tables."""
    parts = [_verdicts(cases), _silent(cases), _accuracy(cases), _coverage(cases), _false(cases)]
    return "\n\n".join(part for part in parts if part)


def line(case: Case) -> str:
    """One case."""
    return (
        f"{case.key}: planted {_listed(case.planted)}, {case.level}"
        f"{' (clock)' if case.clock else ''}, left {_listed(case.left)}, {case.seconds:.1f} s"
    )


def _listed(values: Sequence[float]) -> str:
    scaled = np.array(values) * _UNITS
    return "/".join(f"{value:.2f}" for value in scaled[TURN]) + (
        f" deg {'/'.join(f'{value:.1f}' for value in scaled[SHIFT])} cm {scaled[CLOCK]:.1f} ms"
    )


def _verdicts(cases: Sequence[Case]) -> str:
    head = (
        "| data | thresholds | moments | planted | spoke | turn within 0.75/0.75/1.5 deg | "
        "false good | false alarms at the true pose |"
    )
    lines = [head, "|---" * 8 + "|"]
    for source, half, label, some in _grouped(cases):
        spoken = [case for case in some if case.level != "undecided"]
        wrong = [case for case in some if not case.is_true]
        true = [case for case in some if case.is_true]
        lines.append(
            f"| {source} | {half} | {label} | {len(some)} | {len(spoken)} | "
            f"{sum(case.is_right for case in spoken)} | "
            f"{sum(case.is_false_good for case in wrong)} of {len(wrong)} | "
            f"{sum(case.is_false_alarm for case in true)} of {len(true)} |"
        )
    return "\n".join(lines)


def _grouped(cases: Sequence[Case]) -> Iterator[tuple[str, str, str, list[Case]]]:
    for source in ("recordings", "simulated"):
        for half in ("chosen", "reported"):
            for label, (least, most) in _GROUPS.items():
                some = [
                    case
                    for case in cases
                    if (case.source, case.half) == (source, half) and least <= case.moments <= most
                ]
                if some:
                    yield source, half, label, some


def _silent(cases: Sequence[Case]) -> str:
    some = [case for case in cases if case.source == "mismatched"]
    spoke = [case.key for case in some if case.level != "undecided"]
    return (
        f"Pictures with another moment's scan: spoke in {len(spoke)} of {len(some)} {spoke or ''}"
    )


def _accuracy(cases: Sequence[Case]) -> str:
    """What is left of anything at once after a minute of driving, against the aims."""
    lines = [
        "| a minute | cases | spoke | pitch, yaw, roll / deg | right, down, forward / cm | ms |",
        "|---" * 6 + "|",
    ]
    for half in ("chosen", "reported"):
        for name, wanted in (("six axes and the clock", "random"), ("turn alone", "turn only")):
            some = [
                case
                for case in cases
                if case.moments == _MANY and case.half == half and wanted in case.key
            ]
            spoken = [case for case in some if case.level != "undecided"]
            if not spoken:
                continue
            left = np.abs([case.left for case in spoken]) * _UNITS
            lines.append(f"| {name}, {half} | {len(some)} | {len(spoken)} | {_worst(left)} |")
    return "\n".join(lines)


def _worst(left: NDArray[np.float64]) -> str:
    """Median and 95 %, by kind of component."""
    median, most = np.median(left, axis=0), np.quantile(left, 0.95, axis=0)
    columns = []
    for part, digits in ((TURN, 2), (SHIFT, 1), (slice(CLOCK, None), 1)):
        pairs = zip(median[part], most[part], strict=True)
        columns.append(", ".join(f"{a:.{digits}f} ({b:.{digits}f})" for a, b in pairs))
    return " | ".join(columns)


def _coverage(cases: Sequence[Case]) -> str:
    """How often what is left lies within the interval that was stated, where it was corrected."""
    lines = ["| 95 % intervals | " + " | ".join(COMPONENTS) + " |", "|---" * 8 + "|"]
    for half in ("chosen", "reported"):
        cells = []
        for at, name in enumerate(COMPONENTS):
            some = [
                case
                for case in cases
                if case.source == "simulated"
                and case.half == half
                and case.level == "off"
                and name in case.known
            ]
            held = sum(abs(case.left[at]) <= case.interval[at] for case in some)
            cells.append(f"{held} of {len(some)}")
        lines.append(f"| {half} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _false(cases: Sequence[Case]) -> str:
    lines = [
        f"- {name}: {line(case)}"
        for case in cases
        if case.source != "mismatched"
        for name, is_it in (
            ("false good", case.is_false_good),
            ("false alarm", case.is_false_alarm),
            ("wrong turn", case.level != "undecided" and not case.is_right),
        )
        if is_it
    ]
    return "\n".join(lines or ["No false verdict."])

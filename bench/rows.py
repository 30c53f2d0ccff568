"""A measured step, and how to measure one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

_ROUNDS = 25


@dataclass(frozen=True)
class BenchRow:
    """One line of the table.

    Attributes:
        step: what was measured.
        ratio: its time over the baseline's, medians of the same run.
        budget: largest ratio allowed.
        detail: the baseline and both times.
        is_judged: whether the budget counts; it does not where others use what is measured.
    """

    step: str
    ratio: float
    budget: float
    detail: str
    is_judged: bool = True

    @property
    def ok(self) -> bool:
        """Whether the step keeps its budget."""
        return self.ratio <= self.budget or not self.is_judged


def compare(
    step: str,
    ours: Callable[[], object],
    baseline: Callable[[], object],
    *,
    budget: float,
    name: str,
) -> BenchRow:
    """Measure two functions in turns, so that both meet the same disturbances.

    Processor time is what counts: a benchmark shares its machine with other work.
    """
    ours(), baseline()
    pairs = [(_seconds(ours), _seconds(baseline)) for _ in range(_ROUNDS)]
    our_s, baseline_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    detail = f"{our_s * 1e3:.2f} ms against {baseline_s * 1e3:.2f} ms ({name})"
    return BenchRow(step, our_s / baseline_s, budget, detail)


def _seconds(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start

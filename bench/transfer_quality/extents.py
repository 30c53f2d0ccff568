"""How much `make bench-transfer` measures, and its short form."""

from __future__ import annotations

from bench.transfer_quality.labels import EXACT
from bench.transfer_quality.recording import Plan
from bench.transfer_quality.run import Extent

WHOLE = Extent([Plan(seed) for seed in (1, 2, 3)])
SHORT = Extent(
    [Plan(1, observations=1, beams=(32,), columns=512, width=480, height=270)], labels=(EXACT,)
)

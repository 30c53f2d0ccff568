"""One step: a command in a process of its own, with a time that it may take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Literal

_LAST_WORDS_S = 2
State = Literal["done", "failed", "skipped"]


@dataclass(frozen=True)
class Step:
    """What is run.

    Attributes:
        name: in the result and on the page.
        command: of the process; it prints one JSON document.
        budget_s: when it is ended.
        needs: modules, of each tuple one; the step is skipped by name where all of one are missing.
        after: steps without whose success it makes no sense.
    """

    name: str
    command: tuple[str, ...]
    budget_s: float
    needs: tuple[tuple[str, ...], ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a step.

    Attributes:
        why: it was skipped or failed; empty otherwise.
        seconds: that it took.
        document: what it printed; None where that is no JSON.
    """

    name: str
    state: State
    why: str = ""
    seconds: float = 0.0
    document: Any = None

    def to_json(self) -> dict[str, Any]:
        """For the result."""
        return asdict(self)


def run_step(step: Step, left_s: float, before: Sequence[Outcome]) -> Outcome:
    """Run a step, or say why not.

    Args:
        step: which.
        left_s: of all time; a step never takes more.
        before: what became of earlier ones.
    """
    if why := _hindrance(step, left_s, before):
        return Outcome(step.name, "skipped", why)
    start = time.monotonic()
    process = subprocess.Popen(
        step.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    budget_s = min(step.budget_s, left_s)
    try:
        out, err = process.communicate(timeout=budget_s)
    except subprocess.TimeoutExpired:
        _end(process)
        why = f"ended after {budget_s:.0f} s"
        if left_s < step.budget_s:
            return Outcome(step.name, "skipped", f"no time left, {why}", budget_s)
        return Outcome(step.name, "failed", why, budget_s)
    seconds, document = time.monotonic() - start, _parse(out)
    if process.returncode or document is None:
        return Outcome(step.name, "failed", _reason(process.returncode, err), seconds, document)
    return Outcome(step.name, "done", "", seconds, document)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all of its group; what left the group does not hold us up."""
    os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_LAST_WORDS_S)


def _hindrance(step: Step, left_s: float, before: Sequence[Outcome]) -> str:
    for names in step.needs:
        if not any(find_spec(name) for name in names):
            return f"{' and '.join(names)} not installed"
    states = {outcome.name: outcome.state for outcome in before}
    for name in step.after:
        if states.get(name) != "done":
            return f"{name} was not done"
    return "" if left_s > 1 else "no time left"


def _parse(out: bytes) -> Any:
    try:
        return json.loads(out)
    except ValueError:
        return None


def _reason(code: int, err: bytes) -> str:
    lines = err.decode(errors="replace").strip().splitlines()
    return f"exit code {code}: {lines[-1] if lines else 'without a word'}"

"""The engines that may run a model, in the order in which they are tried."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from seg_perception.core.errors import EngineBuildingError, EngineError, NoVariantError
from seg_perception.core.issue_kinds.engines import SELF_TEST_FAILED
from seg_perception.inference.protocol import Engine
from seg_perception.inference.self_test import SelfTestResult, Thresholds, self_test

Report = Callable[[str], None]


@dataclass(frozen=True)
class Attempt:
    """What became of one entry of the chain.

    Attributes:
        entry: as in the configuration, for instance `tensorrt/fp32`.
        outcome: `skipped` where this machine can't have it, and `lacking` where the bundle
            has no such variant, which are no faults.
        detail: one sentence.
    """

    entry: str
    outcome: Literal["taken", "refused", "skipped", "lacking"]
    detail: str

    def __str__(self) -> str:
        """Entry and detail."""
        return f"{self.entry}: {self.detail}"


@dataclass(frozen=True)
class Loaded:
    """An engine that was loaded, and who remembers what is found out about it.

    Attributes:
        keep: told what the golden frames say.
        quarantine: told why it must not be loaded again.
        agreement: share of the golden labels that its variant was measured to reach.
    """

    engine: Engine
    keep: Callable[[SelfTestResult], None] = lambda _: None
    quarantine: Callable[[str], None] = lambda _: None
    agreement: float = 1.0


class Loader(Protocol):
    """Loads the engines of one runtime."""

    def absent(self, choice: str) -> str:
        """Why this machine can't have it; empty where it can."""
        ...

    def load(self, choice: str, *, may_build: bool) -> Loaded:
        """Load one.

        Args:
            choice: what follows the runtime's name in the chain's entry.
            may_build: False where a frame waits for it.

        Raises:
            NoVariantError: the bundle has no such variant.
            EngineError: it can't be loaded.
            EngineBuildingError: it is being built.
        """
        ...


@dataclass(frozen=True)
class Candidate:
    """An engine that passed the self-test on this machine.

    Attributes:
        quarantine: to be told why it must not be loaded again.
        agreement: as of `Loaded`.
    """

    engine: Engine
    self_test: SelfTestResult
    load_s: float
    quarantine: Callable[[str], None]
    agreement: float = 1.0


class Chain:
    """Tries one entry after the other; each is tried once.

    Attributes:
        attempts: what became of the entries so far.
    """

    def __init__(
        self,
        entries: Iterable[str],
        loaders: Mapping[str, Loader],
        thresholds: Thresholds,
        report: Report = lambda _: None,
    ) -> None:
        """Try nothing yet.

        Args:
            entries: `<runtime>/<choice>`, the preferred one first.
            loaders: by runtime.
            thresholds: of the self-test.
            report: told of each entry that is refused, and why.
        """
        self.attempts: list[Attempt] = []
        self._entries = deque(entries)
        self._loaders = loaders
        self._thresholds = thresholds
        self._report = report

    def next(self, *, may_build: bool) -> Candidate | None:
        """The next engine that can be loaded and validated; None at the chain's end.

        Raises:
            EngineBuildingError: it is being built; the same entry comes next time.
        """
        while self._entries:
            candidate = self._try(self._entries[0], may_build=may_build)
            self._entries.popleft()
            if candidate is not None:
                return candidate
        return None

    @property
    def ended(self) -> bool:
        """Whether every entry was tried."""
        return not self._entries

    def reject_last(self, reason: str) -> None:
        """Turn the entry that was taken last into a refused one."""
        for place in reversed(range(len(self.attempts))):
            if self.attempts[place].outcome == "taken":
                entry = self.attempts[place].entry
                self.attempts[place] = Attempt(entry, "refused", reason)
                self._report(str(self.attempts[place]))
                return

    def _try(self, entry: str, *, may_build: bool) -> Candidate | None:
        runtime, _, choice = entry.partition("/")
        loader = self._loaders[runtime]
        if absent := loader.absent(choice):
            self.attempts.append(Attempt(entry, "skipped", absent))
            return None
        start = time.perf_counter()
        try:
            loaded = loader.load(choice, may_build=may_build)
        except EngineBuildingError:
            raise
        except NoVariantError as error:
            self.attempts.append(Attempt(entry, "lacking", str(error)))
            return None
        except EngineError as error:
            self._refuse(entry, str(error))
            return None
        return self._validate(entry, loaded, time.perf_counter() - start)

    def _validate(self, entry: str, loaded: Loaded, load_s: float) -> Candidate | None:
        result = self_test(loaded.engine, self._thresholds.less(loaded.agreement))
        loaded.keep(result)
        description = loaded.engine.description
        if not result.passed:
            loaded.engine.close()
            why = SELF_TEST_FAILED.sentence(engine=description, detail=result.detail)
            self._refuse(entry, why)
            return None
        detail = f"{description}, loaded in {load_s:.2f} s, {result.detail}"
        self.attempts.append(Attempt(entry, "taken", detail))
        return Candidate(loaded.engine, result, load_s, loaded.quarantine, loaded.agreement)

    def _refuse(self, entry: str, detail: str) -> None:
        self.attempts.append(Attempt(entry, "refused", detail))
        self._report(str(self.attempts[-1]))


def explain(attempts: Sequence[Attempt]) -> str:
    """Why no entry was taken: faults first, then what is no fault, entries of one reason together.

    Returns:
        Clauses with semicolons between them; empty where nothing was tried.
    """
    entries: dict[tuple[bool, str], list[str]] = {}
    for attempt in attempts:
        entries.setdefault((attempt.outcome != "refused", attempt.detail), []).append(attempt.entry)
    ordered = sorted(entries.items(), key=lambda item: item[0][0])
    return "; ".join(f"{', '.join(names)}: {detail}" for (_, detail), names in ordered)

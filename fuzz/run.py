"""One target in this process, input after input; one that crashes or hangs is kept."""

from __future__ import annotations

import faulthandler
import signal
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from types import FrameType

from fuzz import files, messages, video
from fuzz.mutation import mutations

Target = Callable[[bytes], None]
HANG_S = 10
MODULES = (messages, files, video)


def targets() -> dict[str, Target]:
    """Everything that is tried, by name."""
    return {name: getattr(module, name) for module in MODULES for name in module.seeds()}


def seeds(name: str) -> list[bytes]:
    """Inputs of a target that are right."""
    return next(found[name] for module in MODULES if name in (found := module.seeds()))


def bombs(name: str) -> Iterator[bytes]:
    """Inputs of a target that hold more than any machine has."""
    yield from messages.bombs(name)
    yield from files.bombs(name)


def attack(name: str, count: int, seed: int, found: Path) -> int:
    """Try the bombs, then so many inputs; each that ends in another error than ours is kept.

    Returns:
        How many did.
    """
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _hang)
    target, failures = targets()[name], 0
    for data in chain(bombs(name), islice(mutations(seeds(name), seed), count)):
        # For a crash that takes the process along: its parent finds the input here.
        (found / f"{name}.last").write_bytes(data)
        failures += _fails(target, data, found / f"{name}.{failures}")
    (found / f"{name}.last").unlink(missing_ok=True)
    return failures


class HangError(Exception):
    """An input took longer than a person would wait."""


def _fails(target: Target, data: bytes, kept: Path) -> bool:
    signal.alarm(HANG_S)
    try:
        target(data)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what we look for)
        kept.write_bytes(data)
        kept.with_suffix(kept.suffix + ".txt").write_text(repr(error))
        return True
    finally:
        signal.alarm(0)
    return False


def _hang(_number: int, _frame: FrameType | None) -> None:
    msg = f"still busy after {HANG_S} s"
    raise HangError(msg)

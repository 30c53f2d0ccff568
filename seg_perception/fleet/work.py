"""One bag of a fleet: the command in a process of its own, and what came of it in a folder."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import FleetError
from seg_perception.evaluation.document import Document
from seg_perception.fleet.labelled_frames import describe_frames
from seg_perception.fleet.order import OUTPUTS, Bag, Order

RESULT = "result.json"
ATTEMPT = ".attempt"
_LAST_LINES = 20
_TEXTS = (".json", ".html", ".yaml")


class Outcome(Document):
    """What became of one bag.

    Attributes:
        bag: which.
        state: `done`; `problems`, where something came to nothing; `failed`, where there is no
            result at all: it is tried again by the next run.
        exit_code: of the command.
        wall_s: how long it took.
        messages: what it said on standard error.
        document: its `--json`.
    """

    bag: Bag
    state: Literal["done", "problems", "failed"]
    exit_code: int
    wall_s: float
    messages: tuple[str, ...] = ()
    document: Mapping[str, Any] = {}


def read_outcome(order: Order, bag: Bag) -> Outcome | None:
    """What became of a bag before; None where nothing is known."""
    try:
        text = (order.folder_of(bag) / RESULT).read_bytes()
    except FileNotFoundError:
        return None
    return Outcome.model_validate_json(text)


def do_bag(order: Order, bag: Bag) -> str:
    """Run the command for one bag; its folder appears when everything in it is written.

    An attempt that is killed leaves nothing that counts: the next one has a folder of its own.

    Returns:
        The outcome as JSON.

    Raises:
        FleetError: the folder can't be written.
    """
    folder = order.folder_of(bag)
    attempt = folder.with_name(f".{bag.name}.{secrets.token_hex(6)}{ATTEMPT}")
    attempt.mkdir(parents=True)
    try:
        outcome = _run(order, bag, attempt)
        if outcome.state != "failed":
            _keep(order, outcome, attempt, folder)
    finally:
        shutil.rmtree(attempt, ignore_errors=True)
    return outcome.model_dump_json()


def _run(order: Order, bag: Bag, attempt: Path) -> Outcome:
    start = time.perf_counter()
    found = Path(order.working_folder)
    done = subprocess.run(
        [
            *_dies_with_us(),
            sys.executable,
            "-m",
            "seg_perception.cli",
            *order.arguments(bag, attempt),
        ],
        cwd=found if found.is_dir() else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    text = done.stdout.replace(str(attempt), str(order.folder_of(bag)))
    document = _json(text)
    lines = done.stderr.replace(str(attempt), str(order.folder_of(bag))).splitlines()
    state: Literal["done", "problems", "failed"] = "done" if done.returncode == 0 else "problems"
    return Outcome(
        bag=bag,
        state="failed" if document is None or done.returncode not in (0, 2) else state,
        exit_code=done.returncode,
        wall_s=time.perf_counter() - start,
        messages=tuple(lines[-_LAST_LINES:]),
        document=document or {},
    )


def _keep(order: Order, outcome: Outcome, attempt: Path, folder: Path) -> None:
    """Complete the folder of an attempt, and give it its name."""
    for path in attempt.rglob("*"):
        if path.suffix in _TEXTS and path.is_file():
            written = path.read_bytes()
            moved = written.replace(os.fsencode(attempt), os.fsencode(folder))
            if moved != written:
                write_file(path, moved, FleetError)
    if order.command == "replay":
        describe_frames(attempt / OUTPUTS["replay"], attempt)
    write_file(attempt / RESULT, outcome.model_dump_json(indent=1), FleetError)
    if not (folder / RESULT).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        attempt.rename(folder)


def _json(text: str) -> dict[str, Any] | None:
    """What a command printed; None where that is no document."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _dies_with_us() -> list[str]:
    """What lets a process end with the thread that began it, where the system has it."""
    found = shutil.which("setpriv") if sys.platform == "linux" else None
    return [] if found is None else [found, "--pdeathsig", "KILL"]

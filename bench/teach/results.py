"""The table of teachings, on disk: a run that ends goes on later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.teaching.learning.teacher import Guards


@dataclass(frozen=True)
class Trial:
    """One teaching.

    Attributes:
        how: the row's name.
        clicks: how many; -1 for full masks, 0 for the model before.
        seed: of points, keys and training.
        wrong: share of wrong keys.
        points: how they are chosen, as `Annotator.clicks` takes it.
        guards: what holds the model; None: what so many clicks are taught with.
        teacher: whose labels join the clicks, as `teachers.TEACHERS` names it; empty for none.
    """

    how: str
    clicks: int
    seed: int
    wrong: float = 0.0
    points: str = "mixed"
    guards: Guards | None = None
    teacher: str = ""


class Results:
    """Rows of one set-up; those of another one are refused.

    Attributes:
        rows: so far.
    """

    def __init__(self, path: Path, setup: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        """Take what stands in the file."""
        self._path, self._setup, self.rows = path, setup, rows

    @classmethod
    def of(cls, path: Path, setup: dict[str, Any]) -> Results:
        """Read the file where there is one.

        Raises:
            SystemExit: it is of another model, or of other frames.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            return cls(path, setup, [])
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["setup"] != setup:
            msg = f"{path} is of another set-up, {found['setup']}: name another folder with -o"
            raise SystemExit(msg)
        return cls(path, setup, found["rows"])

    def has(self, trial: Trial) -> bool:
        """Whether a teaching was measured."""
        keys = {(row["how"], row["clicks"], row["seed"]) for row in self.rows}
        return (trial.how, trial.clicks, trial.seed) in keys

    def add(self, row: dict[str, Any]) -> None:
        """Append a row, and write all of them."""
        self.rows.append(row)
        text = json.dumps({"setup": self._setup, "rows": self.rows}, indent=1)
        draft = self._path.with_suffix(".part")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._path)

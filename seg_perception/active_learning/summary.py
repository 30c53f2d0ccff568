"""What a mining found."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.selection import Choice

SUMMARY = "mining.json"


@dataclass(frozen=True)
class MiningSummary:
    """Chosen frames and where they came from.

    Attributes:
        bag, output: as they were named.
        config: what was asked for.
        frames: how many were looked at, by camera.
        compared: clouds by which label maps were compared.
        choices: the most valuable frame first.
        engine: in one line.
        model_sha256: of the network's file.
        ontology: of the labels.
        wall_s: how long it took.
        notes: what a reader should know.
        problems: damage of the bag.
    """

    bag: Path
    output: Path
    config: MiningConfig
    frames: dict[str, int]
    compared: int
    choices: tuple[Choice, ...]
    engine: str
    model_sha256: str
    ontology: str
    wall_s: float
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same for machines: only numbers, strings, lists and maps."""
        return {
            "bag": str(self.bag),
            "output": str(self.output),
            "mining": self.config.model_dump(),
            "frames": dict(self.frames),
            "compared_clouds": self.compared,
            "engine": self.engine,
            "model_sha256": self.model_sha256,
            "ontology": self.ontology,
            "wall_s": self.wall_s,
            "choices": [_choice(choice) for choice in self.choices],
            "notes": list(self.notes),
            "problems": list(self.problems),
        }


def frame_name(choice: Choice) -> str:
    """Of a frame's files, without suffix."""
    return file_name(choice.candidate.camera, choice.candidate.stamp_ns)


def file_name(camera: str, stamp_ns: int) -> str:
    """Of the files of a camera's frame, without suffix."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', camera)}_{stamp_ns}"


def _choice(choice: Choice) -> dict[str, Any]:
    candidate = choice.candidate
    known, strange = not math.isnan(candidate.disagreement), candidate.unfamiliarity
    return {
        "name": frame_name(choice),
        "camera": candidate.camera,
        "stamp_ns": candidate.stamp_ns,
        "score": choice.score,
        "parts": choice.parts,
        "uncertainty": candidate.uncertainty,
        "disagreement": candidate.disagreement if known else None,
        "reasons": list(choice.reasons),
        **({"unfamiliarity": strange} if not math.isnan(strange) else {}),
    }

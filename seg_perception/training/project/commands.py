"""The commands that lead from a project to a model with scores, as they can be run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = "seg-perception"


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        what: it does, for people.
        words: of the command line.
    """

    what: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """As a shell takes it."""
        return shlex.join(self.words)


def commands(folder: Path, layout: str, project: Path) -> tuple[Command, ...]:
    """Train, export, look and score, then the same for a changed configuration, and compare.

    Args:
        folder: the labelled images.
        layout: their form.
        project: the folder of the project, as the user wrote it.
    """
    first, second = (_round(folder, layout, project, suffix) for suffix in ("", "_2"))
    scores = [str(project / name) for name in ("scores", "scores_2")]
    return (
        Command("train", first[0]),
        Command("export the model", first[1]),
        Command("look at what it says of held-out images: labels/overlays/", _look(project)),
        Command("score it on the held-out images", first[2]),
        Command("train again, after a change of train.yaml", second[0]),
        Command("export that, too", second[1]),
        Command("score it on the same images", second[2]),
        Command("compare the two", (_PROGRAM, "compare", *scores)),
    )


def script(all_of_them: Sequence[Command]) -> str:
    """The commands as a shell script."""
    head = "# Run these one by one, in the folder in which `train new` was run."
    return "\n\n".join([head, *(f"# {c.what.capitalize()}.\n{c}" for c in all_of_them)]) + "\n"


def _look(project: Path) -> tuple[str, ...]:
    held_out, labels, model = (str(project / name) for name in ("golden", "labels", "model"))
    return (_PROGRAM, "label", held_out, "-o", labels, "--bundle", model)


def _round(
    folder: Path, layout: str, project: Path, suffix: str
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    def place(name: str) -> str:
        return str(project / name)

    run, model = place(f"run{suffix}"), place(f"model{suffix}")
    train = ("train", "run", place("train.yaml"), "-o", run)
    said = ("--release", place("release.yaml"), "--frames", place("golden"))
    export = ("export", f"{run}/best.pt", "-o", model, *said)
    truth = ("--split", place("split.yaml"), "--truth-ontology", place("mapping.yaml"))
    scored = ("--protocol", "own", "--set", f"segmentation.bundle={model}")
    evaluate = ("evaluate", str(folder), "--layout", layout, *truth, *scored)
    return (
        (_PROGRAM, *train),
        (_PROGRAM, *export),
        (_PROGRAM, *evaluate, "-o", place(f"scores{suffix}")),
    )

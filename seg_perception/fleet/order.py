"""What is to be done with each of many bags, as data that can be sent to another machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from seg_perception.evaluation.document import Document

Command = Literal["replay", "mine", "calibrate"]
# What a command writes beside its result, within the folder of its bag.
OUTPUTS: dict[Command, str] = {
    "replay": "labelled.mcap",
    "mine": "frames",
    "calibrate": "pictures",
}
BAGS = "bags"


class Bag(Document):
    """One bag of a fleet, and the name of its folder."""

    name: str
    path: str


class Order(Document):
    """A command with its options.

    Attributes:
        command: of `seg-perception`.
        options: as they are written on its command line, without bags and output.
        folder: of the run, under the same path on all machines.
        working_folder: what relative paths in the options are relative to.
    """

    command: Command
    options: tuple[str, ...] = ()
    folder: str
    working_folder: str

    def folder_of(self, bag: Bag) -> Path:
        """Where a bag's results lie once they are complete."""
        return Path(self.folder) / BAGS / bag.name

    def arguments(self, bag: Bag, folder: Path) -> list[str]:
        """The command line for one bag, whose results go into a folder."""
        output = str(folder / OUTPUTS[self.command])
        return [self.command, bag.path, "--output", output, "--json", *self.options]


def name_bags(paths: Iterable[Path], known: Sequence[Bag] = ()) -> list[Bag]:
    """Names for bags by their files, such that each has one of its own; known ones keep theirs."""
    names = {bag.path: bag.name for bag in known}
    found = []
    for path in dict.fromkeys(str(path.absolute()) for path in paths):
        name = names.get(path) or _free(Path(path).stem, set(names.values()))
        names[path] = name
        found.append(Bag(name=name, path=path))
    return found


def _free(stem: str, taken: set[str]) -> str:
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name

"""A project: a training of what a folder of labelled images holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.core.ontology import Ontology
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.inference.bundle import Bundle
from seg_perception.training.project.class_names import IGNORED, class_order
from seg_perception.training.project.commands import Command, commands
from seg_perception.training.project.found_ids import FoundIds
from seg_perception.training.project.held_out import HeldOut
from seg_perception.training.project.ontology import project_ontology
from seg_perception.training.project.settings import Settings


@dataclass(frozen=True)
class Project:
    """Everything that is known before its files are written.

    Attributes:
        folder: the labelled images.
        found: the ids in their masks.
        names: of ids; `ignore`: it does not count.
        held_out: which image goes where.
        settings: of the run.
        init: bundle that the run starts from; empty: none.
    """

    folder: LabelledFolder
    found: FoundIds
    names: Mapping[int, str]
    held_out: HeldOut
    settings: Settings
    init: str

    @property
    def name(self) -> str:
        """Of the data set, and of what is made of it."""
        return self.folder.root.resolve().name or "data"

    @property
    def ontology(self) -> Ontology:
        """The classes, with ids from 0 on."""
        known = self.folder.ontology
        return project_ontology(class_order(self.names), self.name, known)

    @property
    def unseen(self) -> list[str]:
        """Classes that no image to learn from holds."""
        learnt = self.found.pixels[list(self.held_out.train)].sum(axis=0) > 0
        seen = {self.names.get(i) for i, held in zip(self.found.ids, learnt, strict=True) if held}
        return [name for name in class_order(self.names) if name not in seen]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, a sentence each."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.unseen:
            yield (
                f"no image to learn from holds {', '.join(self.unseen)}: the model will not know "
                "it; label more images of it, or take it out of ontology.yaml and mapping.yaml"
            )
        if self.held_out.dropped:
            yield (
                f"{len(self.held_out.dropped)} images are left out, since they look like held-out "
                "ones; split.yaml lists them under `dropped`"
            )
        if self.init:
            manifest = Bundle.load(self.init).manifest
            yield (
                f"the run starts from the weights of {manifest.name}, whose licence is "
                f"{manifest.licence!r}; --init '' starts from an encoder that knows ImageNet alone"
            )

    def ids(self) -> list[dict[str, Any]]:
        """Every id in the masks: what it is called, its share of the pixels, its images."""
        return [
            {
                "id": number,
                "name": self.names.get(number, IGNORED),
                "share": self.found.share(number),
                "images": self.found.images(number),
            }
            for number in self.found.ids
        ]

    def facts(self, output: Path) -> dict[str, Any]:
        """The same as a document for machines."""
        held = self.held_out
        return {
            "output": str(output),
            "folder": self.folder.description,
            "layout": self.folder.layout,
            "ids": self.ids(),
            "classes": class_order(self.names),
            "split": {
                "how": held.how,
                "train": len(held.train),
                "validation": len(held.validation),
                "dropped": len(held.dropped),
            },
            "commands": [{"what": c.what, "command": str(c)} for c in self.commands(output)],
        }

    def commands(self, output: Path) -> tuple[Command, ...]:
        """What to do with the files in `output`."""
        return commands(self.folder.root, self.folder.layout, output)

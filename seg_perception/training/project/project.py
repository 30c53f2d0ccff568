"""A project: the files of a run, written from what a folder of labelled images holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import yaml

from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mapping import IGNORE
from seg_perception.datasets.names_ontology import ontology_of
from seg_perception.inference.bundle import Bundle
from seg_perception.io.image_files import write_image
from seg_perception.training.project.class_names import IGNORED, class_order
from seg_perception.training.project.commands import Command, commands, script
from seg_perception.training.project.found_ids import FoundIds
from seg_perception.training.project.held_out import HeldOut
from seg_perception.training.project.settings import Settings

_GOLDEN = 3
_ONTOLOGY = """\
# The classes, in the order of the model's ids. Groupings are optional; a costmap needs one that
# says where the robot can drive:
# groupings:
#   traversability:
#     - {name: drivable, color: "#2e7d32", classes: [...]}
#     - {name: impassable, color: "#c62828", classes: [...]}
"""
_MAPPING = """\
# What the ids of the masks are: `as` names classes of the ontology. Several classes: the pixel is
# one of them, nobody knows which. None (`as: []`): it does not count.
"""
_TRAIN = """\
# A run of training; `seg-perception train run` reads it. All that can stand here is in
# docs/how_to/train.md and, with its meaning, in seg_perception/training/config.py.
"""
_RELEASE = """\
# What the exported model says of its weights: write your own words. The images of golden/ go into
# the model, too: engines are tested with them on each machine.
"""


@dataclass(frozen=True)
class Project:
    """Everything that is known before it is written.

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
        order = dict(enumerate(class_order(self.names)))
        # Grass is green: what the shipped model knows, too, has its colour.
        shipped = {c.name: c.color for c in Ontology.load("field").classes}
        colors = {i: shipped[name] for i, name in order.items() if name in shipped}
        return ontology_of(order, self.name, f"the masks of {self.name}", colors)

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

    def write(self, output: Path) -> None:
        """Write everything, or nothing.

        Raises:
            ConfigError: the folder holds something, or the disk refuses.
        """
        with draft_folder(output, ConfigError) as draft:
            for name, (head, document) in self._documents(output).items():
                text = yaml.safe_dump(
                    document,
                    sort_keys=False,
                    allow_unicode=True,
                    width=100,
                    default_flow_style=None,
                )
                write_file(draft / name, head + text, ConfigError)
            write_file(draft / "commands.sh", script(self.commands(output)), ConfigError)
            (draft / "golden").mkdir()
            for number, path in enumerate(self._golden()):
                image = cv2.resize(read_image(path), self.settings.network_size)
                write_image(draft / "golden" / f"{number}.png", image[..., ::-1], ConfigError)

    def _documents(self, output: Path) -> dict[str, tuple[str, dict[str, Any]]]:
        head = f"# {self.held_out.how[0].upper()}{self.held_out.how[1:]} are held out.\n"
        return {
            "ontology.yaml": (_ONTOLOGY, self._ontology()),
            "mapping.yaml": (_MAPPING, self._mapping()),
            "split.yaml": (head, self._split()),
            "train.yaml": (_TRAIN, self._run()),
            "release.yaml": (_RELEASE, self._release(output)),
        }

    def _ontology(self) -> dict[str, Any]:
        document = self.ontology.model_dump(mode="json")
        return {key: document[key] for key in ("name", "source", "classes")}

    def _mapping(self) -> dict[str, Any]:
        names = {**self.names, IGNORE: self.names.get(IGNORE, IGNORED)}
        classes = {
            number: {"name": name, "as": [] if name == IGNORED else [name]}
            for number, name in sorted(names.items())
        }
        return {"source": self.name, "ontology": self.name, "classes": classes}

    def _split(self) -> dict[str, Any]:
        keys = [pair.key for pair in self.folder.pairs]
        parts: dict[str, Sequence[int]] = {
            "train": self.held_out.train,
            "validation": self.held_out.validation,
            "dropped": self.held_out.dropped,
        }
        return {name: [keys[number] for number in part] for name, part in parts.items() if part}

    def _run(self) -> dict[str, Any]:
        source = {
            "name": self.name,
            "folder": str(self.folder.root.resolve()),
            "layout": self.folder.layout,
            "mapping": "mapping.yaml",
            "split": "split.yaml",
        }
        unseen = {"unseen": self.unseen} if self.unseen else {}
        run = {"ontology": "ontology.yaml", "sources": [source], **unseen}
        return {**run, **self.settings.document(self.init)}

    def _release(self, output: Path) -> dict[str, Any]:
        start, datasets = "an encoder that was trained on ImageNet", ["ImageNet"]
        if self.init:
            manifest = Bundle.load(self.init).manifest
            start = f"{manifest.name}, whose licence is: {manifest.licence}"
            datasets = [f"{manifest.name}: {name}" for name in manifest.training.datasets]
        return {
            "name": self.name,
            "licence": "Not stated",
            "licence_text": f"Trained on {self.name}; the weights started from {start}.",
            "command": str(self.commands(output)[0]),
            "datasets": [f"{self.name} ({len(self.folder.pairs)} images)", *datasets],
        }

    def _golden(self) -> list[Path]:
        """The held-out images with the most classes, since a picture of one class tells little."""
        held = sorted(
            self.held_out.validation, key=lambda i: -int((self.found.pixels[i] > 0).sum())
        )
        chosen = [*held, *self.held_out.train][:_GOLDEN]
        return [self.folder.pairs[number].image for number in chosen]

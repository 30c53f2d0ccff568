"""The files of a project, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import yaml

from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import ConfigError
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.mapping import IGNORE
from seg_perception.inference.bundle import Bundle
from seg_perception.io.image_files import write_image
from seg_perception.training.preparation import PreparedRun, prepare
from seg_perception.training.project.class_names import IGNORED
from seg_perception.training.project.commands import script
from seg_perception.training.project.project import Project

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


def write_project(project: Project, output: Path) -> PreparedRun:
    """Write everything, or nothing where a run could not begin with it.

    Raises:
        ConfigError: the folder holds something, the disk refuses, or a mask is amiss.
    """
    with draft_folder(output, ConfigError) as draft:
        for name, (head, document) in _documents(project, output).items():
            text = yaml.safe_dump(
                document,
                sort_keys=False,
                allow_unicode=True,
                width=100,
                default_flow_style=None,
            )
            write_file(draft / name, head + text, ConfigError)
        write_file(draft / "commands.sh", script(project.commands(output)), ConfigError)
        (draft / "golden").mkdir()
        for number, path in enumerate(_golden(project)):
            image = cv2.resize(read_image(path), project.settings.network_size)
            write_image(draft / "golden" / f"{number}.png", image[..., ::-1], ConfigError)
        return prepare(draft / "train.yaml", Path(), {})


def _documents(project: Project, output: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    how = project.held_out.how
    head = f"# Held out are {how}.\n"
    return {
        "ontology.yaml": (_ONTOLOGY, _ontology(project)),
        "mapping.yaml": (_MAPPING, _mapping(project)),
        "split.yaml": (head, _split(project)),
        "train.yaml": (_TRAIN, _run(project)),
        "release.yaml": (_RELEASE, _release(project, output)),
    }


def _ontology(project: Project) -> dict[str, Any]:
    document = project.ontology.model_dump(mode="json")
    return {
        key: document[key] for key in ("name", "source", "classes", "groupings") if document[key]
    }


def _mapping(project: Project) -> dict[str, Any]:
    names = {**project.names, IGNORE: project.names.get(IGNORE, IGNORED)}
    classes = {
        number: {"name": name, "as": [] if name == IGNORED else [name]}
        for number, name in sorted(names.items())
    }
    return {"source": project.name, "ontology": project.name, "classes": classes}


def _split(project: Project) -> dict[str, Any]:
    keys = [pair.key for pair in project.folder.pairs]
    parts: dict[str, Sequence[int]] = {
        "train": project.held_out.train,
        "validation": project.held_out.validation,
        "dropped": project.held_out.dropped,
    }
    return {name: [keys[number] for number in part] for name, part in parts.items() if part}


def _run(project: Project) -> dict[str, Any]:
    source = {
        "name": project.name,
        "folder": str(project.folder.root.resolve()),
        "layout": project.folder.layout,
        "mapping": "mapping.yaml",
        "split": "split.yaml",
    }
    unseen = {"unseen": project.unseen} if project.unseen else {}
    run = {"ontology": "ontology.yaml", "sources": [source], **unseen}
    return {**run, **project.settings.document(project.init)}


def _release(project: Project, output: Path) -> dict[str, Any]:
    start, datasets = "an encoder that was trained on ImageNet", ["ImageNet"]
    if project.init:
        manifest = Bundle.load(project.init).manifest
        start = f"{manifest.name}, whose licence is: {manifest.licence}"
        datasets = [f"{manifest.name}: {name}" for name in manifest.training.datasets]
    return {
        "name": project.name,
        "licence": "Not stated",
        "licence_text": f"Trained on {project.name}; the weights started from {start}.",
        "command": str(project.commands(output)[0]),
        "datasets": [
            f"{project.name} ({len(project.folder.pairs)} images)",
            *datasets,
        ],
    }


def _golden(project: Project) -> list[Path]:
    """The held-out images with the most classes, since a picture of one class tells little."""
    held = sorted(
        project.held_out.validation,
        key=lambda i: -int((project.found.pixels[i] > 0).sum()),
    )
    chosen = [*held, *project.held_out.train][:_GOLDEN]
    return [project.folder.pairs[number].image for number in chosen]

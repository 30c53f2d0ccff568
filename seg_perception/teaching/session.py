"""A teaching's folder: frames, clicks, rounds; one process works in it at a time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.disk_errors import cant
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import TeachingError
from seg_perception.core.json_document import dump_json
from seg_perception.core.locks import working_in
from seg_perception.core.ontology import Group, Ontology, SemanticClass
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.teaching.clicks import Click, ClickRecord, NewClass, Part
from seg_perception.teaching.config import TeachingConfig
from seg_perception.teaching.frames import FOLDER, FrameStore, TeachingFrame
from seg_perception.teaching.links import Link, read_links, write_links
from seg_perception.teaching.teacher_labels import Teacher
from seg_perception.teaching.teacher_store import TeacherSettings, TeacherWriter, read_teacher

if TYPE_CHECKING:
    from seg_perception.teaching.choice import ChosenFrame

SETTINGS, CLICKS, ROUNDS, OLD = "session.json", "clicks.jsonl", "rounds", "old"
NEIGHBOURS = "neighbours"
_MOST_CLASSES = 254
# How it was named, and what answers.
NamedTeacher: TypeAlias = tuple[str, Teacher]


@dataclass(frozen=True)
class SessionSettings:
    """What a teaching was begun with, as `session.json` keeps it.

    Attributes:
        bundle: shipped name or absolute path of the model that is taught.
        model_sha256: of its ONNX file.
        sources: bags and folders.
        config: frames and points.
        frames: all of them.
        old: names of frames whose labels must stay, in the folder `old`.
        neighbours: pictures that clicks are carried to, in the folder `neighbours`.
        teacher: whose labels lie in the folder `teacher`; None without one.
    """

    bundle: str
    model_sha256: str
    sources: tuple[str, ...]
    config: TeachingConfig
    frames: tuple[TeachingFrame, ...]
    old: tuple[str, ...]
    neighbours: tuple[TeachingFrame, ...] = ()
    teacher: TeacherSettings | None = None

    @cached_property
    def digest(self) -> str:
        """Tells one teaching from another."""
        return hashlib.sha256(dump_json(self.to_json()).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "bundle": self.bundle,
            "model_sha256": self.model_sha256,
            "sources": list(self.sources),
            "config": self.config.model_dump(),
            "frames": [frame.to_json() for frame in self.frames],
            "old": list(self.old),
            "neighbours": [frame.to_json() for frame in self.neighbours],
            "teacher": self.teacher and self.teacher.to_json(),
        }

    @classmethod
    def read(cls, path: Path) -> SessionSettings:
        """As `to_json` wrote it.

        Raises:
            TeachingError: it is missing or damaged.
        """
        try:
            document = json.loads(path.read_bytes())
            return cls(
                bundle=document["bundle"],
                model_sha256=document["model_sha256"],
                sources=tuple(document["sources"]),
                config=TeachingConfig.model_validate(document["config"]),
                frames=_frames(document["frames"]),
                old=tuple(document["old"]),
                neighbours=_frames(document.get("neighbours", ())),
                teacher=_teacher(document.get("teacher")),
            )
        except FileNotFoundError as error:
            msg = f"{path} not found: expected a folder that `seg-perception teach` made"
            raise TeachingError(msg) from error
        except OSError as error:
            raise TeachingError(cant("read", path, error)) from error
        except (ValueError, TypeError, KeyError) as error:
            msg = (
                f"{path}: damaged ({error}); begin a new teaching and give it --clicks of this one"
            )
            raise TeachingError(msg) from error


class Session:
    """A teaching that is open.

    Attributes:
        folder: where it lies.
        settings: what it was begun with.
        bundle: the model that is taught.
        record: the clicks.
        store: pictures of its frames.
    """

    def __init__(self, folder: Path) -> None:
        """Read a folder that `begin` made.

        Raises:
            TeachingError: it is none, or the model is another one now.
            BundleError: the model is gone.
        """
        self.folder = folder
        self.settings = SessionSettings.read(folder / SETTINGS)
        self.bundle = Bundle.load(self.settings.bundle)
        if sha256(self.bundle.model_path) != self.settings.model_sha256:
            msg = (
                f"{folder}: was begun with another model than {self.settings.bundle} is now; "
                "put the former one back, or begin a new teaching"
            )
            raise TeachingError(msg)
        self.record = ClickRecord(folder / CLICKS)
        self.store = FrameStore(folder / FOLDER, self.bundle)
        self.old_store = FrameStore(folder / OLD, self.bundle)
        self.neighbour_store = FrameStore(folder / NEIGHBOURS, self.bundle)

    @cached_property
    def frames(self) -> dict[str, TeachingFrame]:
        """All frames by name, in order."""
        return {frame.name: frame for frame in self.settings.frames}

    def of_part(self, part: Part) -> list[TeachingFrame]:
        """Frames to learn from, or those that are kept aside."""
        return [frame for frame in self.settings.frames if frame.part == part]

    @property
    def ontology(self) -> Ontology:
        """The bundle's, with the classes that were added."""
        return grown_ontology(self.bundle.ontology, self.record.new_classes)

    def click(self, click: Click) -> Click:
        """Take a click into the record.

        Raises:
            TeachingError: no such frame or class, a pixel outside of it, a free click in a
                kept-aside frame, or the disk refuses it.
        """
        frame = self.frames.get(click.frame)
        if frame is None:
            msg = f"frame {click.frame!r}: expected one of this teaching; load the page again"
            raise TeachingError(msg)
        if not (0 <= click.x < frame.width and 0 <= click.y < frame.height):
            msg = (
                f"click at {click.x}, {click.y}: expected a pixel of {frame.name} "
                f"({frame.width}x{frame.height}); click inside the picture"
            )
            raise TeachingError(msg)
        if self.store.cell(frame, click.x, click.y) is None:
            msg = f"click at {click.x}, {click.y}: the network does not see this edge; click inside"
            raise TeachingError(msg)
        if click.label and click.label not in self.ontology.ids:
            msg = (
                f"class {click.label!r}: expected one of {sorted(self.ontology.ids)}; add it first"
            )
            raise TeachingError(msg)
        if frame.part == "gate" and click.kind == "free":
            msg = (
                f"{frame.name} is kept aside to prove the model on: clicks on its errors would "
                "count for the new model only; answer the points that are asked there"
            )
            raise TeachingError(msg)
        return self.record.add(replace(click, stamp_ns=frame.stamp_ns, part=frame.part))

    def add_class(self, entry: NewClass, author: str) -> None:
        """Add a class that the ontology lacks.

        Raises:
            TeachingError: it exists, its colour is none, or nothing is like it.
        """
        ontology = self.ontology
        if entry.name in ontology.ids or not entry.name.strip():
            msg = f"new class {entry.name!r}: expected a name that no class has yet"
            raise TeachingError(msg)
        if entry.like not in self.bundle.ontology.ids:
            msg = f"new class {entry.name}: expected the class that it is like most, one of "
            msg += f"{sorted(self.bundle.ontology.ids)}, got {entry.like!r}"
            raise TeachingError(msg)
        if len(ontology.classes) >= _MOST_CLASSES:
            msg = f"new class {entry.name}: a label is one byte, {_MOST_CLASSES} classes are full"
            raise TeachingError(msg)
        grown_ontology(self.bundle.ontology, [*self.record.new_classes, entry])
        self.record.add_class(entry, author)

    @cached_property
    def links(self) -> list[Link]:
        """What frames see in common with their neighbours.

        Raises:
            TeachingError: the file is damaged.
        """
        return read_links(self.folder)

    def taught_by(self, frame: str) -> NDArray[np.uint8]:
        """What the teacher says of a frame, uint8 (h, w); 255 where it says nothing.

        Raises:
            TeachingError: its file is damaged.
        """
        return read_teacher(self.folder, frame, (self.bundle.width, self.bundle.height))

    def round_folder(self, number: int) -> Path:
        """Where a round of training lies."""
        return self.folder / ROUNDS / f"{number:03}"


@contextmanager
def open_session(folder: Path) -> Iterator[Session]:
    """Open a teaching, alone.

    Raises:
        TeachingError: it is none, or another process works in it.
    """
    if not folder.is_dir():
        msg = f"{folder} not found: expected a folder that `seg-perception teach` made"
        raise TeachingError(msg)
    with working_in(folder, TeachingError):
        yield Session(folder)


def begin(  # noqa: PLR0913 (what a teaching is made of)
    folder: Path,
    bundle: Bundle,
    named: str,
    sources: Sequence[str],
    chosen: Iterable[ChosenFrame],
    old: Iterable[ChosenFrame],
    config: TeachingConfig,
    *,
    teacher: NamedTeacher | None = None,
) -> None:
    """Make a teaching's folder; it appears when it is complete.

    Args:
        folder: new or empty.
        bundle: the model.
        named: how it was named, a shipped name or a path.
        sources: bags and folders.
        chosen: frames of both parts.
        old: frames of places that the model knows, whose labels must stay.
        config: what was wished.
        teacher: asked about every frame; None without one.

    Raises:
        TeachingError: the folder is in use, the disk refuses, or there is no frame to teach with.
    """
    with draft_folder(folder, TeachingError) as draft:
        asked = teacher and TeacherWriter(draft, *teacher, FrameStore(draft / FOLDER, bundle))
        written = _Frames(draft, bundle, teacher=asked)
        written.take(chosen)
        kept = _Frames(draft, bundle, OLD)
        kept.take(old)
        if not any(frame.part == "teach" for frame in written.asked):
            msg = f"{', '.join(sources)}: expected frames to teach with, got none"
            raise TeachingError(msg)
        write_links(draft, written.links)
        path = os.path.abspath(named) if Path(named).exists() else named  # noqa: PTH100 (keeps links)
        settings = SessionSettings(
            bundle=path,
            model_sha256=sha256(bundle.model_path),
            sources=tuple(sources),
            config=config,
            frames=tuple(written.asked),
            old=tuple(frame.name for frame in kept.asked),
            neighbours=tuple(written.neighbours),
            teacher=asked.finish() if asked else None,
        )
        write_file(draft / SETTINGS, dump_json(settings.to_json()), TeachingError)


class _Frames:
    """Writes frames as they come.

    Attributes:
        asked: those to be clicked on.
        neighbours: those that clicks are carried to, and that nobody is shown.
        links: between both, by the names that they got.
    """

    def __init__(
        self,
        draft: Path,
        bundle: Bundle,
        folder: str = FOLDER,
        teacher: TeacherWriter | None = None,
    ) -> None:
        self._teacher = teacher
        self.asked: list[TeachingFrame] = []
        self.neighbours: list[TeachingFrame] = []
        self._found: list[tuple[str, str, str, NDArray[np.float32]]] = []
        self._stores = FrameStore(draft / folder, bundle), FrameStore(draft / NEIGHBOURS, bundle)
        # Two bags may have a frame of the same camera and time.
        self._names: dict[tuple[str, str], str] = {}

    def take(self, chosen: Iterable[ChosenFrame]) -> None:
        """Write each picture."""
        for frame in chosen:
            taken = {*self._names.values()}
            name = frame.name if frame.name not in taken else f"{frame.name}_{len(taken)}"
            self._names[frame.source, frame.name] = name
            self._stores[not frame.asked].add(name, frame.image)
            entry = _entry(name, frame)
            (self.asked if frame.asked else self.neighbours).append(entry)
            if self._teacher is not None and frame.asked:
                self._teacher.add(entry, frame.image)
            for clicked, points in frame.links.items():
                self._found.append((frame.source, clicked, name, points))

    @property
    def links(self) -> list[Link]:
        # A picture may come before the one that is clicked on.
        return [
            Link(self._names[source, clicked], name, points)
            for source, clicked, name, points in self._found
        ]


def _entry(name: str, frame: ChosenFrame) -> TeachingFrame:
    height, width = frame.image.shape[:2]
    return TeachingFrame(
        name,
        frame.source,
        frame.camera,
        frame.stamp_ns,
        frame.part,
        frame.reasons,
        width,
        height,
    )


def _teacher(entry: dict[str, Any] | None) -> TeacherSettings | None:
    return TeacherSettings(**entry) if entry else None


def _frames(entries: Iterable[dict[str, Any]]) -> tuple[TeachingFrame, ...]:
    return tuple(TeachingFrame.of_json(entry) for entry in entries)


def grown_ontology(ontology: Ontology, added: Sequence[NewClass]) -> Ontology:
    """An ontology with more classes; each joins the groups of the class that it is like.

    Raises:
        ConfigError: a colour that is none, or a name that exists.
    """
    if not added:
        return ontology
    classes = [*ontology.classes]
    groupings = {name: list(groups) for name, groups in ontology.groupings.items()}
    for entry in added:
        new = SemanticClass.model_construct(id=len(classes), name=entry.name, color=entry.color)
        classes.append(new)
        for groups in groupings.values():
            for place, group in enumerate(groups):
                if entry.like in group.classes:
                    members = (*group.classes, entry.name)
                    groups[place] = Group(name=group.name, color=group.color, classes=members)
    data = {
        **ontology.model_dump(),
        "classes": [entry.model_dump() for entry in classes],
        "groupings": {k: [g.model_dump() for g in groups] for k, groups in groupings.items()},
    }
    return Ontology.parse(data, f"ontology {ontology.name} with {[c.name for c in added]}")

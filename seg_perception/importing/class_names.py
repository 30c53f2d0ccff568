"""Which label space a model's class names are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from seg_perception.core.errors import ConfigError, ImportModelError
from seg_perception.core.ontology import Group, Ontology, SemanticClass, shipped
from seg_perception.core.resources import config_path
from seg_perception.core.validation import read_yaml
from seg_perception.datasets.names_ontology import ontology_of as named_ontology

_SYNONYMS = "class_synonyms.yaml"
# Less of a label space is another one that shares some words with it.
_LEAST_SHARE = 0.8
# What models call an output beside their data set's classes: none of them.
_VOID = ("background", "unlabeled", "void", "undefined", "ignore", "other", "unknown")
_VOID_GROUP = "void"
_BLACK = "#000000"


def ontology_of(names: Sequence[str], title: str) -> Ontology:
    """The shipped ontology that has these classes, else one with made-up colours.

    Names are the same where case, spaces and punctuation differ, where one is a synonym of the
    other, and where one of several after commas is meant (`door, double door`). A model that
    has a shipped ontology's classes under other ids, or nearly all of them, or `background`
    beside them, gets these with its own ids.

    Args:
        names: by class id, as the model's `id2label` has them.
        title: of an ontology that is made.
    """
    found = max(_matches(names), key=lambda match: match.rank, default=None)
    return found.ontology(names) if found else generate(names, title)


def chosen_ontology(
    names: Sequence[str], chosen: Ontology | None, title: str, source: str
) -> Ontology:
    """The ontology that somebody chose for a model with these class names, else the found one.

    Args:
        names: by class id; `LABEL_7` and the like say nothing.
        chosen: has the same ids; None: nobody chose.
        title: of an ontology that is made.
        source: of the names, for the errors.

    Raises:
        ImportModelError: another number of classes, or the same classes in another order.
    """
    if chosen is None:
        return ontology_of(names, title)
    if sorted(chosen.names) != list(range(len(names))):
        msg = (
            f"{source} has {len(names)} classes, {chosen.name} {len(chosen.classes)} with ids up "
            f"to {chosen.id_count - 1}: name an ontology with the ids 0 to {len(names) - 1}"
        )
        raise ImportModelError(msg)
    for number, name in enumerate(names):
        other = next((chosen.ids[n] for n in chosen.ids if word(n) in _words(name)), number)
        if other != number and word(chosen.names[number]) not in _words(name):
            msg = (
                f"{source} calls class {number} {name!r}, {chosen.name} calls it "
                f"{chosen.names[number]!r} and has {chosen.names[other]!r} as {other}: leave out "
                "--ontology, or give one in the order of the model"
            )
            raise ImportModelError(msg)
    return chosen


def generate(names: Sequence[str], title: str) -> Ontology:
    """An ontology without groupings; a name that occurs twice gets its number."""
    unique = {
        number: name if names.count(name) == 1 else f"{name}_{number}"
        for number, name in enumerate(names)
    }
    return named_ontology(unique, title, "class names of the model; colours are made up")


@dataclass(frozen=True)
class _Match:
    """A shipped ontology that has all of a model's classes.

    Attributes:
        known: the ontology.
        classes: of the model's ids, in their order.
    """

    known: Ontology
    classes: tuple[SemanticClass, ...]

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Best is the one with the same ids, then the one of which the fewest are missing."""
        return self._has_same_ids, self._share, -len(self.known.classes)

    @property
    def is_close(self) -> bool:
        """Whether the model has nearly all of its classes."""
        return self._share >= _LEAST_SHARE

    def ontology(self, names: Sequence[str]) -> Ontology:
        """The shipped one where ids and classes are its own, else its classes renumbered."""
        return self.known if self._has_same_ids else _renumbered(self.known, self.classes, names)

    @property
    def _has_same_ids(self) -> bool:
        ids = [c.id for c in self.classes]
        return ids == sorted(self.known.names) == list(range(len(ids)))

    @property
    def _share(self) -> float:
        wanted = {c.name for c in self.known.classes} - set(self.known.ignore)
        return len(wanted & {c.name for c in self.classes}) / len(wanted)


def _matches(names: Sequence[str]) -> Iterator[_Match]:
    for known in known_ontologies():
        classes = _classes_of(known, names)
        if classes and (match := _Match(known, classes)).is_close:
            yield match


def _classes_of(known: Ontology, names: Sequence[str]) -> tuple[SemanticClass, ...]:
    """The class of each name, whatever its id; none where one has none or two share one."""
    by_word = {word(c.name): c for c in known.classes}
    found = [_class_of(by_word, name) for name in names]
    classes = tuple(c for c in found if c is not None)
    unique = len({c.name for c in classes}) == len(names)
    return classes if unique else ()


def _class_of(by_word: Mapping[str, SemanticClass], name: str) -> SemanticClass | None:
    """The class of a name; a new one where the name says that it is none of them."""
    words = _words(name)
    if found := next((by_word[word] for word in words if word in by_word), None):
        return found
    void = next((word for word in words if word in _VOID), None)
    return SemanticClass(id=0, name=void, color=_BLACK) if void else None


def _renumbered(
    known: Ontology, classes: Sequence[SemanticClass], names: Sequence[str]
) -> Ontology:
    """A shipped ontology's classes with the ids of a model, and what of its groupings is left."""
    kept = {c.name for c in classes}
    void = tuple(name for name in kept if name not in known.ids)
    return Ontology(
        name=f"{known.name}_{len(names)}",
        source=f"{known.source}; with the ids of the model",
        ignore=(*(name for name in known.ignore if name in kept), *void),
        cloud_unknown=known.cloud_unknown if known.cloud_unknown in kept else "",
        classes=tuple(c.model_copy(update={"id": i}) for i, c in enumerate(classes)),
        groupings={
            grouping: tuple(_left(group, kept, void) for group in groups)
            for grouping, groups in known.groupings.items()
        },
    )


def _left(group: Group, kept: set[str], void: tuple[str, ...]) -> Group:
    classes = tuple(name for name in group.classes if name in kept)
    added = void if group.name == _VOID_GROUP else ()
    return group.model_copy(update={"classes": classes + added})


def _words(name: str) -> list[str]:
    """What a class may be called: the whole name, and each of several after commas."""
    return [word(part) for part in (name, *name.split(","))]


def word(name: str) -> str:
    """A name without what does not count, or the synonym that stands for it."""
    plain = _plain(name)
    return _synonyms().get(plain, plain)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


@cache
def known_ontologies() -> tuple[Ontology, ...]:
    """The shipped ontologies."""
    return tuple(Ontology.load(name) for name in shipped())


@cache
def _synonyms() -> dict[str, str]:
    file = config_path(_SYNONYMS)
    groups = read_yaml(file, "the shipped table of synonyms", ConfigError)
    return {_plain(name): _plain(group[0]) for group in groups for name in group}

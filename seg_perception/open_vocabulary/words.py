"""What is looked for: classes, and the words that stand for each, from a YAML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from seg_perception.core.distinct_colors import distinct_colors
from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import load_model

Merge = Literal["maximum", "mean"]
_ANY = ""
_EXPECTED = "a words.yaml with classes and their phrases"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WordClass(_Data):
    """One class and the words for it.

    Attributes:
        name: of the class.
        phrases: what a teacher is asked for, by language; the name itself where there are none.
        negatives: what looks alike and is not meant: where one of them scores higher, the class
            is not there.
        color: `#rrggbb`; empty: one that is far from the others.
        merge: how many phrases become one score; empty: as the file says.
        threshold: of the score; None: as the file says.
        groups: its group by grouping.
    """

    name: str = Field(min_length=1)
    phrases: Mapping[str, tuple[str, ...]] = {}
    negatives: tuple[str, ...] = ()
    color: str = Field(default="", pattern=r"^(#[0-9a-fA-F]{6})?$")
    merge: Merge | Literal[""] = ""
    threshold: float | None = Field(default=None, gt=0, lt=1)
    groups: Mapping[str, str] = {}

    @field_validator("phrases", mode="before")
    @classmethod
    def _by_language(cls, given: Any) -> Any:
        """A list is of whatever language the teacher understands."""
        return {_ANY: given} if isinstance(given, (list, tuple)) else given

    @model_validator(mode="after")
    def _no_empty_word(self) -> WordClass:
        for phrase in (*self._all(), *self.negatives):
            if not phrase.strip():
                msg = f"class {self.name} has an empty phrase; take it out"
                raise ValueError(msg)
        return self

    def asked(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Its phrases in some languages, or in all where none is named."""
        chosen = [
            phrase
            for language, phrases in self.phrases.items()
            if not languages or language in (_ANY, *languages)
            for phrase in phrases
        ]
        return tuple(dict.fromkeys(chosen)) or (self.name.replace("_", " "),)

    def _all(self) -> Iterator[str]:
        for phrases in self.phrases.values():
            yield from phrases


class Words(_Data):
    """A file of words.

    Attributes:
        name: of the label space.
        ontology: a shipped one or a file whose classes, ids and colours are taken; empty: the
            classes are numbered as they stand here.
        languages: the phrases of these are asked; empty: all.
        merge: how several phrases become one score of their class.
        threshold: scores below it are nothing, 0 to 1.
        exponent: how sure the best class must be against the second: a pixel gets its label
            where best * sqrt(best - second) reaches threshold ** exponent.
        background: the class of pixels that no word claims; empty: they have no label.
        classes: what is looked for.
    """

    name: str = Field(min_length=1)
    ontology: str = ""
    languages: tuple[str, ...] = ()
    merge: Merge = "maximum"
    threshold: float = Field(default=0.3, gt=0, lt=1)
    exponent: float = Field(default=1.25, gt=0, le=4)
    background: str = ""
    classes: tuple[WordClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unambiguous(self) -> Words:
        names = Counter(c.name for c in self.classes)
        if twice := [name for name, count in names.items() if count > 1]:
            msg = f"class {twice[0]} appears twice; give it all its phrases in one place"
            raise ValueError(msg)
        asked = Counter(phrase.lower() for c in self.classes for phrase in c.asked(self.languages))
        if twice := [phrase for phrase, count in asked.items() if count > 1]:
            owners = [c.name for c in self.classes if twice[0] in _lower(c, self.languages)]
            msg = f"phrase {twice[0]!r} stands for {' and '.join(owners)}: leave it to one of them"
            raise ValueError(msg)
        return self

    @classmethod
    def load(cls, path: Path) -> Words:
        """Read a file.

        Raises:
            OpenVocabularyError: no such file, or what is wrong in it.
        """
        words = load_model(cls, path, _EXPECTED, OpenVocabularyError)
        words.expect_classes(path)
        return words

    @classmethod
    def of_classes(cls, space: Ontology, threshold: float = 0.5) -> Words:
        """The classes of an ontology by their names alone: nobody is asked for words."""
        classes = tuple(
            WordClass(name=entry.name, color=entry.color)
            for entry in space.classes
            if entry.name not in space.ignore
        )
        return cls(name=space.name, threshold=threshold, classes=classes)

    @cached_property
    def label_space(self) -> Ontology:
        """Ids, names, colours and groupings of the labels."""
        if self.ontology:
            return Ontology.load(self.ontology)
        names = [c.name for c in self.classes]
        names += [self.background] if self.background and self.background not in names else []
        colors = self._colors(names)
        entries = [
            {"id": n, "name": name, "color": color}
            for n, (name, color) in enumerate(zip(names, colors, strict=True))
        ]
        groupings = self._groupings(dict(zip(names, colors, strict=True)))
        return Ontology.parse(
            {"name": self.name, "classes": entries, "groupings": groupings}, self.name
        )

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """All that is asked, negatives too, each once."""
        asked = [p for c in self.classes for p in (*c.asked(self.languages), *c.negatives)]
        return tuple(dict.fromkeys(asked))

    def threshold_of(self, entry: WordClass) -> float:
        """The least score of a class."""
        return self.threshold if entry.threshold is None else entry.threshold

    def expect_classes(self, path: Path) -> None:
        """Refuse names that the ontology lacks.

        Raises:
            OpenVocabularyError: there is one.
        """
        named = [*(c.name for c in self.classes), *filter(None, [self.background])]
        unknown = [name for name in named if name not in self.label_space.ids]
        if unknown:
            msg = (
                f"{path}: {', '.join(unknown)}: no class of ontology {self.label_space.name}, "
                f"which has {', '.join(self.label_space.ids)}; name one of them, or leave "
                "`ontology` out for classes of your own"
            )
            raise OpenVocabularyError(msg)

    def _colors(self, names: list[str]) -> list[str]:
        given = {c.name: c.color for c in self.classes if c.color}
        free = iter(distinct_colors(len(names) - len(given), list(given.values())))
        return [given.get(name) or next(free) for name in names]

    def _groupings(self, colors: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, dict[str, list[str]]] = {}
        for entry in self.classes:
            for grouping, group in entry.groups.items():
                found.setdefault(grouping, {}).setdefault(group, []).append(entry.name)
        return {
            grouping: [
                {"name": name, "color": colors[members[0]], "classes": members}
                for name, members in groups.items()
            ]
            for grouping, groups in found.items()
        }


def _lower(entry: WordClass, languages: tuple[str, ...]) -> list[str]:
    return [phrase.lower() for phrase in entry.asked(languages)]

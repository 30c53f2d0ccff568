"""Everything that can be wrong with a run: found before torch is imported, and said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from seg_perception.core.errors import ConfigError, SegPerceptionError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import read_yaml
from seg_perception.datasets.mapping import TargetSpace
from seg_perception.datasets.splits import Split
from seg_perception.training.class_frequency import ClassFrequency, expect_every_class
from seg_perception.training.config import (
    CATEGORIES,
    METRICS,
    SourceConfig,
    TrainingConfig,
    load_ontology,
)
from seg_perception.training.data import TrainingData, expect_known, load_mapping, open_source
from seg_perception.training.models.config import expect_multiples

_T = TypeVar("_T")
_READS_ANYTHING: NDArray[np.uint8] = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True)
class PreparedRun:
    """A run that can begin.

    Attributes:
        config: the run.
        data: what it reads.
        frequency: how often each class occurs in it.
        notes: what a reader should know, a sentence each.
    """

    config: TrainingConfig
    data: TrainingData
    frequency: ClassFrequency
    notes: tuple[str, ...] = ()


@dataclass
class _Mistakes:
    """Collects what is wrong instead of stopping at the first of it."""

    sentences: list[str] = field(default_factory=list)

    def unless(self, call: Callable[[], _T]) -> _T | None:
        """What a call gives; None where it has a mistake to tell."""
        try:
            return call()
        except SegPerceptionError as error:
            self.sentences += str(error).splitlines()
            return None

    def stop(self) -> None:
        """Tell all of them.

        Raises:
            ConfigError: there are some.
        """
        if self.sentences:
            raise ConfigError("\n".join(dict.fromkeys(self.sentences)))


def prepare(path: Path, data_root: Path, folders: Mapping[str, Path]) -> PreparedRun:
    """Read a run's configuration and everything that it names, every mask included.

    Args:
        path: of the configuration.
        data_root: folder of the sources' folders.
        folders: other places, by source name.

    Raises:
        ConfigError: what is wrong, a sentence a line.
    """
    mistakes = _Mistakes()
    config = mistakes.unless(lambda: TrainingConfig.load(path))
    given = config.model_dump() if config else _document(path)
    ontology = None
    if named := given.get("ontology"):
        ontology = mistakes.unless(lambda: load_ontology(str(named), path.parent))
    files = _SourceFiles(path.parent, data_root, folders, ontology, mistakes)
    for source in _sources(given):
        files.check(source)
    if config:
        mistakes.unless(lambda: expect_known(folders, config.sources))
        _check_sizes(config, path, mistakes)
    if config and ontology:
        _check_names(config, ontology, path, mistakes)
    mistakes.stop()
    assert config is not None  # noqa: S101 (for the type checker: else there was a mistake)
    return _count(config, path.parent, data_root, folders, mistakes)


def _count(
    config: TrainingConfig,
    base: Path,
    data_root: Path,
    folders: Mapping[str, Path],
    mistakes: _Mistakes,
) -> PreparedRun:
    """Read the masks: the slow part, for a run that is right otherwise."""
    data = TrainingData.open(config, base, data_root, folders)
    frequency = mistakes.unless(lambda: ClassFrequency.take(data.space, data.train, config.workers))
    mistakes.unless(lambda: ClassFrequency.take(data.space, data.validation, config.workers))
    if frequency:
        masks = [source.mapping or source.name for source in config.sources]
        mistakes.unless(lambda: expect_every_class(frequency, data.ontology, config.unseen, masks))
    mistakes.stop()
    assert frequency is not None  # noqa: S101 (for the type checker: else there was a mistake)
    return PreparedRun(config, data, frequency, tuple(_notes(data)))


def _notes(data: TrainingData) -> list[str]:
    notes = []
    if not data.validation:
        notes.append(
            "no source holds images out, so nothing is measured and no best.pt is written: "
            "export last.pt, or give a source a `split`"
        )
    for name, held in data.validation.items():
        if both := set(held.names) & set(data.train[name].names):
            notes.append(
                f"source {name}: {len(both)} images are learnt from and held out, too, such as "
                f"{min(both)}: its scores tell what was memorised"
            )
    return notes


@dataclass(frozen=True)
class _SourceFiles:
    """Finds the files that sources name."""

    base: Path
    data_root: Path
    folders: Mapping[str, Path]
    ontology: Ontology | None
    mistakes: _Mistakes

    def check(self, source: SourceConfig) -> None:
        root = self.folders.get(source.name, self.data_root / source.folder)
        mapping = self.mistakes.unless(lambda: load_mapping(source, self.base, root))
        ontology = self.ontology
        if mapping and ontology:
            self.mistakes.unless(lambda: TargetSpace.build(ontology, [mapping]))
        split = None
        if source.split:
            split = self.mistakes.unless(lambda: Split.load(self.base / source.split))
        if split or not source.split:
            self.mistakes.unless(lambda: open_source(source, root, _READS_ANYTHING, split))


def _document(path: Path) -> Mapping[str, Any]:
    """What a file holds that is no configuration, as far as it can be read."""
    try:
        document = read_yaml(path, "", ConfigError)
    except ConfigError:
        return {}
    return document if isinstance(document, dict) else {}


def _sources(given: Mapping[str, Any]) -> list[SourceConfig]:
    """The sources that can be read; what is wrong with the others was said."""
    entries = given.get("sources")
    found = map(_source, entries if isinstance(entries, (list, tuple)) else [])
    return [source for source in found if source]


def _source(entry: Any) -> SourceConfig | None:
    try:
        return SourceConfig.model_validate(entry)
    except ValidationError:
        return None


def _check_sizes(config: TrainingConfig, path: Path, mistakes: _Mistakes) -> None:
    for what, size in (("network_size", config.network_size), ("crop", config.crop)):
        place = f"{path}: {what}"
        mistakes.unless(lambda: expect_multiples(config.model.stride, size, place))  # noqa: B023


def _check_names(
    config: TrainingConfig, ontology: Ontology, path: Path, mistakes: _Mistakes
) -> None:
    classes = list(ontology.ids)
    for what, names in (
        ("unseen", config.unseen),
        ("sampling.paste_classes", config.sampling.paste_classes),
    ):
        if unknown := sorted(set(names) - set(classes)):
            mistakes.sentences.append(
                f"{path}: {what}: ontology {ontology.name} has no classes {unknown}: expected some "
                f"of {classes}"
            )
    if config.metric not in {*METRICS, *classes}:
        mistakes.sentences.append(
            f"{path}: metric {config.metric!r}: expected one of {[*METRICS, *classes]}"
        )
    if config.metric == "category_mean_iou" and CATEGORIES not in ontology.groupings:
        mistakes.sentences.append(
            f"{path}: metric category_mean_iou needs the grouping {CATEGORIES}, which ontology "
            f"{ontology.name} lacks: choose mean_iou, or add the grouping to it"
        )

"""What ids are called: as somebody says, or as the data set does; nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import read_yaml
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mapping import IGNORE, LabelMapping, find_mapping
from seg_perception.training.project.found_ids import FoundIds

# The name of what does not count.
IGNORED = "ignore"
_FILES = (".yaml", ".yml", ".json")
_EXPECTED = "names by id, such as `1: grass` and `255: ignore`"


def parse_names(text: str) -> dict[int, str]:
    """Names by id of `1=grass,2=trail`, or of a YAML or JSON file of names by id.

    Raises:
        ConfigError: it is neither.
    """
    if Path(text).suffix in _FILES:
        return _read(Path(text))
    names = {}
    for entry in text.split(","):
        number, equals, name = entry.partition("=")
        if not (equals and number.strip().isdecimal() and name.strip()):
            msg = f"--names {text}: expected ID=NAME,ID=NAME,... or a YAML file, got {entry!r}"
            raise ConfigError(msg)
        names[int(number)] = name.strip()
    return names


def known_names(folder: LabelledFolder) -> dict[int, str]:
    """What a data set itself calls its ids, by its ontology or the mapping beside it.

    Raises:
        DatasetError: the mapping can't be read.
    """
    if folder.ontology is not None:
        ignored = set(folder.ontology.ignore)
        return {i: IGNORED if n in ignored else n for i, n in folder.ontology.names.items()}
    path = find_mapping(folder.root)
    if path is None:
        return {}
    mapping = LabelMapping.load(path)
    return {i: mapping.names[i] if c.classes else IGNORED for i, c in mapping.classes.items()}


def unnamed(found: FoundIds, names: Mapping[int, str]) -> tuple[int, ...]:
    """The ids that somebody must name; 255 is ignored by itself."""
    return tuple(number for number in found.ids if number not in names and number != IGNORE)


def expect_named(found: FoundIds, names: Mapping[int, str]) -> None:
    """Refuse to guess.

    Raises:
        ConfigError: an id has no name, or there are no two classes.
    """
    if missing := unnamed(found, names):
        shares = ", ".join(f"{i} ({found.share(i):.1%})" for i in missing)
        template = ",".join(f"{i}=NAME" for i in missing)
        msg = (
            f"ids without a name: {shares} of the pixels: say what they are by --names {template} "
            f"(the name {IGNORED} leaves an id out), or by a YAML file of `ID: NAME` lines"
        )
        raise ConfigError(msg)
    classes = {names[i] for i in found.ids if i in names} - {IGNORED}
    if len(classes) < 2:
        msg = f"expected two classes or more in the masks, got {sorted(classes) or 'none'}"
        raise ConfigError(msg)


def class_order(names: Mapping[int, str]) -> Sequence[str]:
    """The classes in the order of their ids; ids of one name are one class."""
    return list(dict.fromkeys(names[i] for i in sorted(names) if names[i] != IGNORED))


def _read(path: Path) -> dict[int, str]:
    found = read_yaml(path, _EXPECTED, ConfigError)
    fits = isinstance(found, dict) and all(
        isinstance(i, int | str) and str(i).isdecimal() and isinstance(name, str) and name
        for i, name in found.items()
    )
    if not fits:
        msg = f"{path}: expected {_EXPECTED}, each on its line"
        raise ConfigError(msg)
    return {int(i): name for i, name in found.items()}

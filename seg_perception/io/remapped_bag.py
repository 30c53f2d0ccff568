"""A bag, and the names under which its topics are read: ROS 2's remapping for files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seg_perception.config.topic_names import is_topic_name, resolved
from seg_perception.core.errors import BagError, ConfigError

_EXPECTED = "expected FROM:=TO, two names of topics, for instance /tf:=/a200_0000/tf"


@dataclass(frozen=True)
class RemappedBag(os.PathLike[str]):
    """A bag whose topics go by other names.

    As for a node with `-r FROM:=TO`: who reads FROM gets the bag's TO. TO has no other name then,
    and what the bag itself has under FROM is not read.

    Attributes:
        path: of the bag.
        remappings: TO by FROM, full names.
        beside: further recordings whose messages are read among those of the bag, such as of a
            motion that it lacks; their topics have the names that the bag itself uses.
    """

    path: Path
    remappings: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[Path, ...] = ()

    @classmethod
    def of(cls, path: str | Path, rules: Iterable[str] = ()) -> RemappedBag:
        """A bag under rules such as `/tf:=/a200_0000/tf`; names without a slash get one.

        Raises:
            ConfigError: a rule that is none, or two that do not go together.
        """
        remappings: dict[str, str] = {}
        for rule in rules:
            source, target = _parse(rule)
            if remappings.get(source, target) != target:
                msg = f"--remap {rule}: {source} is {remappings[source]} already; leave out one"
                raise ConfigError(msg)
            remappings[source] = target
        shared = [name for name in remappings.values() if [*remappings.values()].count(name) > 1]
        if shared:
            msg = f"--remap: {shared[0]} is given two names; leave out one"
            raise ConfigError(msg)
        return cls(Path(path), remappings)

    def __fspath__(self) -> str:
        """The path alone, for whoever opens files."""
        return str(self.path)

    def __str__(self) -> str:
        """As messages name it."""
        return str(self.path)

    def names(self, stored: Collection[str]) -> dict[str, str]:
        """The name of each topic that is read, by its name in the bag.

        Raises:
            BagError: a rule is about a topic that the bag does not have.
        """
        sources = {target: source for source, target in self.remappings.items()}
        if missing := sorted(set(sources) - {resolved(name) for name in stored}):
            rule = f"{sources[missing[0]]}:={missing[0]}"
            msg = f"{self.path}: --remap {rule}: expected one of its topics {sorted(stored)}"
            raise BagError(msg)
        kept = {n: n for n in stored if resolved(n) not in self.remappings}
        return kept | {n: sources[resolved(n)] for n in stored if resolved(n) in sources}


BagSource = str | Path | RemappedBag


def _parse(rule: str) -> tuple[str, str]:
    source, _, target = rule.partition(":=")
    if "~" in source or not is_topic_name(source) or not target.strip("/") or ":" in target:
        msg = f"--remap {rule}: {_EXPECTED}"
        raise ConfigError(msg)
    return resolved(source), resolved(target)

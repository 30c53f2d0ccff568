"""Where nodes stand in the ROS graph: their namespace, and what their topics are called anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seg_perception.config.topic_names import is_topic_name, resolved
from seg_perception.core.errors import ConfigError


@dataclass(frozen=True)
class GraphPlace:
    """What a node is started with: `__ns`, and rules such as `/tf:=tf`.

    Attributes:
        namespace: of the node; empty or `/` is the outermost.
        rules: old and new name of each rule, in the order in which ROS tries them.
    """

    namespace: str = ""
    rules: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str = "", rules: Iterable[str] = ()) -> GraphPlace:
        """A place by what `--ros-args` is given.

        Raises:
            ConfigError: a namespace that is none, or a rule that is not one about a name.
        """
        if namespace.strip("/") and not is_topic_name(namespace):
            msg = f"--namespace {namespace}: expected a name such as /a200_0000"
            raise ConfigError(msg)
        return cls(resolved(namespace), tuple(map(_parse, rules)))

    def full_name(self, name: str, node: str) -> str:
        """What a node of this place takes a name for, before rules; `~` stands for the node."""
        return resolved(f"{node}{name[1:]}" if name[:1] == "~" else name, self.namespace)

    def renamed(self, name: str, node: str) -> str:
        """The full name that the first rule about a name gives it; as it is where there is none."""
        full = self.full_name(name, node)
        for old, new in self.rules:
            if self.full_name(old, node) == full:
                return self.full_name(new, node)
        return name

    def expect_used(self, names: Iterable[tuple[str, str]]) -> None:
        """Refuse rules that are about nothing.

        Args:
            names: each with its node.

        Raises:
            ConfigError: no node has a name that one of the rules is about.
        """
        known = list(names)
        full = {self.full_name(name, node) for name, node in known}
        nodes = {node for _, node in known}
        for old, new in self.rules:
            if not full & {self.full_name(old, node) for node in nodes}:
                msg = (
                    f"--remap {old}:={new}: expected a name that the nodes read, publish or offer, "
                    f"got {self.full_name(old, min(nodes))}; without --remap all names are printed"
                )
                raise ConfigError(msg)


def _parse(rule: str) -> tuple[str, str]:
    old, _, new = rule.partition(":=")
    if old.startswith("__") or not is_topic_name(old) or not is_topic_name(new):
        msg = (
            f"--remap {rule}: expected FROM:=TO, two names of topics, for instance /tf:=tf; a "
            "namespace is told by --namespace"
        )
        raise ConfigError(msg)
    return old, new

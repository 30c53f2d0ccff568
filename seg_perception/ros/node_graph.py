"""Who publishes what, as the ROS graph tells a node."""

from __future__ import annotations

from rclpy.node import Node

from seg_perception.config.input_topics import TF, TF_STATIC

UNNAMED = "a node whose name is not known yet"
# What rmw implementations say in a name's place.
_UNKNOWN = "_NODE_NAME_UNKNOWN_"


class NodeGraph:
    """The graph as a node sees it now."""

    def __init__(self, node: Node) -> None:
        """Look with the eyes of a node."""
        self._node = node

    def transform_topics(self) -> dict[str, str]:
        """The type of each topic of transforms that has a publisher, whatever its namespace."""
        topics = self._node.get_topic_names_and_types()
        named = {name: types[0] for name, types in topics if name.endswith((TF, TF_STATIC))}
        return {name: kind for name, kind in named.items() if self._node.count_publishers(name)}

    def publishers(self, topic: str) -> list[str]:
        """The full names of the nodes that publish a topic, one for each of their publishers."""
        infos = self._node.get_publishers_info_by_topic(topic)
        return sorted(_full_name(info.node_namespace, info.node_name) for info in infos)

    def others(self, topic: str) -> list[str]:
        """Those of them that are not this node."""
        own = self._node.get_fully_qualified_name()
        return [name for name in self.publishers(topic) if name != own]


def _full_name(namespace: str, name: str) -> str:
    """The graph may know of a publisher before it knows whose it is."""
    return UNNAMED if name == _UNKNOWN else f"{namespace.rstrip('/')}/{name}"

"""An SROS 2 policy: what a node may read, publish and offer, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from xml.sax.saxutils import escape, quoteattr

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC, camera_info_topic
from seg_perception.core.errors import ConfigError
from seg_perception.outputs.topics import (
    NODE_NAME,
    STATUS,
    CameraTopics,
    OutputTopic,
    cloud_descriptions,
    cloud_topics,
    image_descriptions,
    image_topics,
    legend_topics,
    output_topics,
)
from seg_perception.robots.graph_place import GraphPlace

# What every rclpy node has, and every lifecycle node.
_PUBLISHED_BY_ALL = ("/rosout", "/parameter_events")
_READ_BY_ALL = ("/clock", "/parameter_events")
_SERVICES_OF_ALL = ("~/get_type_description",)
_PUBLISHED_BY_LIFECYCLE = ("~/transition_event", "/diagnostics")
_PARAMETERS = (
    *("describe_parameters", "get_parameter_types", "get_parameters"),
    *("list_parameters", "set_parameters", "set_parameters_atomically"),
)
_LIFECYCLE = (
    *("change_state", "get_state", "get_available_states"),
    *("get_available_transitions", "get_transition_graph"),
)


@dataclass(frozen=True)
class Permissions:
    """What one node may do; names without a slash are relative to its namespace.

    Attributes:
        read, published: topics, also those that a launch argument can switch on.
        services: that it offers; it calls none. `~` stands for the node.
    """

    read: tuple[str, ...]
    published: tuple[str, ...]
    services: tuple[str, ...]

    def names(self) -> Iterator[str]:
        """All of them."""
        yield from (*self.read, *self.published, *self.services)

    def placed(self, place: GraphPlace, node: str) -> Permissions:
        """The same under the names that a node has in a place."""
        return Permissions(
            *(
                tuple(place.renamed(name, node) for name in getattr(self, group.name))
                for group in fields(self)
            )
        )


def enclave(node: str) -> str:
    """Where the keys of a node's process are."""
    return f"/seg_perception/{node}"


def transform_node(node: str) -> str:
    """The node that listens to transforms, in the process of one that labels clouds."""
    return f"{node}_tf"


def permissions(
    config: Config, place: GraphPlace | None = None, node: str = NODE_NAME
) -> dict[str, Permissions]:
    """What each node of a process may do, by its name.

    Args:
        config: of the node.
        place: its namespace and remappings.
        node: the process: one of `NODES`.

    Raises:
        ConfigError: there is no such node, or a rule of the place is about a name that none has.
    """
    place = place or GraphPlace()
    if node not in NODES:
        msg = f"--node: expected one of {', '.join(NODES)}, got {node}"
        raise ConfigError(msg)
    allowed = {node: NODES[node](config)}
    if node in _LISTENING:
        allowed[transform_node(node)] = _transforms(config)
    place.expect_used((name, owner) for owner, one in allowed.items() for name in one.names())
    return {owner: one.placed(place, owner) for owner, one in allowed.items()}


def sros2_policy(config: Config, place: GraphPlace | None = None, node: str = NODE_NAME) -> str:
    """The text of a policy file for `ros2 security create_permission`.

    Args:
        config: of the node.
        place: its namespace and remappings.
        node: the process: one of `NODES`.

    Raises:
        ConfigError: as `permissions`.
    """
    place = place or GraphPlace()
    profiles = permissions(config, place, node).items()
    namespace = place.namespace or "/"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<policy version="0.2.0">',
        "  <enclaves>",
        f"    <enclave path={quoteattr(enclave(node))}>",
        "      <profiles>",
        *(line for owner, allowed in profiles for line in _profile(namespace, owner, allowed)),
        "      </profiles>",
        "    </enclave>",
        "  </enclaves>",
        "</policy>",
    ]
    return "\n".join(lines) + "\n"


def _perception(config: Config) -> Permissions:
    return _lifecycle_node((*_image_inputs(config), *_cloud_inputs(config)), output_topics(config))


def _segmentation(config: Config) -> Permissions:
    made = (*legend_topics(), *image_descriptions(config), *image_topics(config))
    return _lifecycle_node(_image_inputs(config), made)


def _semantic_clouds(config: Config) -> Permissions:
    made = (*legend_topics(), *cloud_descriptions(config), *cloud_topics(config))
    return _lifecycle_node((*_label_inputs(config), *_cloud_inputs(config)), made)


def _lifecycle_node(read: Iterable[str], outputs: Iterable[OutputTopic]) -> Permissions:
    services = (*_PARAMETERS, *_LIFECYCLE)
    made = (topic.name for topic in outputs)
    return Permissions(
        read=(*_READ_BY_ALL, *read),
        published=(*_PUBLISHED_BY_ALL, *_PUBLISHED_BY_LIFECYCLE, STATUS, *made),
        services=(*_SERVICES_OF_ALL, *(f"~/{name}" for name in services)),
    )


def _image_inputs(config: Config) -> Iterator[str]:
    for camera in config.cameras.values():
        yield from (camera.image_topic, camera_info_topic(camera))


def _label_inputs(config: Config) -> Iterator[str]:
    """What another machine's labels come as."""
    for camera in config.cameras.values():
        topics = CameraTopics.of(camera)
        yield from (topics.label_image, topics.label_image_png, topics.camera_info)


def _cloud_inputs(config: Config) -> Iterator[str]:
    yield from (sensor.topic for sensor in config.cloud_sensors.values())
    yield from (depth.camera_info_topic for depth in config.depths.values())


def _transforms(config: Config) -> Permissions:
    odometry = filter(None, [config.transforms.odometry_topic])
    return Permissions(
        read=(*_READ_BY_ALL, TF, TF_STATIC, *odometry),
        published=_PUBLISHED_BY_ALL,
        services=_SERVICES_OF_ALL,
    )


# What a process may be; the last two are halves of the first.
NODES: Mapping[str, Callable[[Config], Permissions]] = {
    NODE_NAME: _perception,
    "segmentation_node": _segmentation,
    "semantic_cloud_node": _semantic_clouds,
}
# Those that label clouds, and need transforms.
_LISTENING = (NODE_NAME, "semantic_cloud_node")


def _profile(namespace: str, node: str, allowed: Permissions) -> Iterator[str]:
    yield f"        <profile ns={quoteattr(namespace)} node={quoteattr(node)}>"
    yield from _group("topics", "subscribe", "topic", allowed.read)
    yield from _group("topics", "publish", "topic", allowed.published)
    yield from _group("services", "reply", "service", allowed.services)
    yield "        </profile>"


def _group(tag: str, verb: str, item: str, names: Iterable[str]) -> Iterator[str]:
    yield f'          <{tag} {verb}="ALLOW">'
    for name in sorted(set(names)):
        yield f"            <{item}>{escape(name)}</{item}>"
    yield f"          </{tag}>"

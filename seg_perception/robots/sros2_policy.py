"""An SROS 2 policy: what the perception node may read, publish and offer, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from xml.sax.saxutils import escape, quoteattr

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC, camera_info_topic
from seg_perception.outputs.topics import NODE_NAME, STATUS, output_topics
from seg_perception.robots.graph_place import GraphPlace

ENCLAVE = f"/seg_perception/{NODE_NAME}"
# The node that listens to transforms, in the same process.
TRANSFORM_NODE = f"{NODE_NAME}_tf"
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


def permissions(config: Config, place: GraphPlace | None = None) -> dict[str, Permissions]:
    """What each node of the process may do, by its name.

    Raises:
        ConfigError: a rule of the place is about a name that no node has.
    """
    place = place or GraphPlace()
    allowed = {NODE_NAME: _perception(config), TRANSFORM_NODE: _transforms(config)}
    place.expect_used((name, node) for node, one in allowed.items() for name in one.names())
    return {node: one.placed(place, node) for node, one in allowed.items()}


def sros2_policy(config: Config, place: GraphPlace | None = None) -> str:
    """The text of a policy file for `ros2 security create_permission`.

    Args:
        config: of the node.
        place: its namespace and remappings.

    Raises:
        ConfigError: as `permissions`.
    """
    place = place or GraphPlace()
    profiles = permissions(config, place).items()
    namespace = place.namespace or "/"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<policy version="0.2.0">',
        "  <enclaves>",
        f"    <enclave path={quoteattr(ENCLAVE)}>",
        "      <profiles>",
        *(line for node, allowed in profiles for line in _profile(namespace, node, allowed)),
        "      </profiles>",
        "    </enclave>",
        "  </enclaves>",
        "</policy>",
    ]
    return "\n".join(lines) + "\n"


def _perception(config: Config) -> Permissions:
    read = list(_READ_BY_ALL)
    for camera in config.cameras.values():
        read += [camera.image_topic, camera_info_topic(camera)]
    read += [sensor.topic for sensor in config.cloud_sensors.values()]
    read += [depth.camera_info_topic for depth in config.depths.values()]
    outputs = (topic.name for topic in output_topics(config))
    services = (*_PARAMETERS, *_LIFECYCLE)
    return Permissions(
        read=tuple(read),
        published=(*_PUBLISHED_BY_ALL, *_PUBLISHED_BY_LIFECYCLE, STATUS, *outputs),
        services=(*_SERVICES_OF_ALL, *(f"~/{name}" for name in services)),
    )


def _transforms(config: Config) -> Permissions:
    odometry = filter(None, [config.transforms.odometry_topic])
    return Permissions(
        read=(*_READ_BY_ALL, TF, TF_STATIC, *odometry),
        published=_PUBLISHED_BY_ALL,
        services=_SERVICES_OF_ALL,
    )


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

"""An SROS 2 policy: what the perception node may read and publish, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC, camera_info_topic
from seg_perception.outputs.topics import NODE_NAME, STATUS, output_topics

ENCLAVE = f"/seg_perception/{NODE_NAME}"
# What every rclpy node has, and every lifecycle node.
_COMMON_PUBLISHED = ("rosout", "parameter_events", "~/transition_event", "/diagnostics")
_COMMON_READ = ("clock", "parameter_events")
_PARAMETERS = (
    *("describe_parameters", "get_parameter_types", "get_parameters"),
    *("list_parameters", "set_parameters", "set_parameters_atomically"),
    "get_type_description",
)
_LIFECYCLE = (
    *("change_state", "get_state", "get_available_states"),
    *("get_available_transitions", "get_transition_graph"),
)


def sros2_policy(config: Config) -> str:
    """The text of a policy file for `ros2 security create_permission`."""
    services = (f"~/{name}" for name in (*_PARAMETERS, *_LIFECYCLE))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<policy version="0.2.0">',
        "  <enclaves>",
        f"    <enclave path={quoteattr(ENCLAVE)}>",
        "      <profiles>",
        f'        <profile ns="/" node={quoteattr(NODE_NAME)}>',
        *_group("topics", "subscribe", "topic", read_topics(config)),
        *_group("topics", "publish", "topic", published_topics(config)),
        *_group("services", "reply", "service", services),
        "        </profile>",
        "      </profiles>",
        "    </enclave>",
        "  </enclaves>",
        "</policy>",
    ]
    return "\n".join(lines) + "\n"


def read_topics(config: Config) -> list[str]:
    """Every topic that the node may listen to."""
    topics = [*_COMMON_READ, TF, TF_STATIC]
    for camera in config.cameras.values():
        topics += [camera.image_topic, camera_info_topic(camera)]
    sensors = (*config.lidars.values(), *config.radars.values())
    return topics + [sensor.topic for sensor in sensors]


def published_topics(config: Config) -> list[str]:
    """Every topic that the node may publish, also those that a launch argument can switch on."""
    return [*_COMMON_PUBLISHED, STATUS, *(topic.name for topic in output_topics(config))]


def _group(tag: str, verb: str, item: str, names: Iterable[str]) -> Iterator[str]:
    yield f'          <{tag} {verb}="ALLOW">'
    for name in sorted(set(names)):
        yield f"            <{item}>{escape(name)}</{item}>"
    yield f"          </{tag}>"

"""Parameters: all declared and described; what the schema does not know is refused."""

import pytest
import yaml
from rcl_interfaces.msg import ParameterType
from rclpy.parameter import Parameter

from seg_perception.config import Config, read_parameter_file
from seg_perception.core.errors import ConfigError
from seg_perception.robots import platforms
from seg_perception.ros.parameters import NodeParameters, overrides

pytestmark = pytest.mark.ros

ROBOT = (
    "cameras:=[front]",
    "camera.front.image_topic:=/front/image_raw",
    "lidars:=[top]",
    "lidar.top.topic:=/top/points",
    "transfer.max_range_m:=80",
    "use_sim_time:=true",
    "qos_overrides./tf.subscription.depth:=7",
)


def allow(_names):
    return ""


def ignore(_config):
    """Nobody works with the parameters yet."""


@pytest.fixture
def make(ros):
    def node(*parameters, may_change=allow, changed=ignore):
        arguments = [word for p in parameters for word in ("-p", p)]
        made = ros.node("robot", cli_args=["--ros-args", *arguments])
        return made, NodeParameters(made, may_change, changed)

    return node


def test_every_parameter_of_the_listed_sensors_is_declared(make):
    node, parameters = make(*ROBOT)
    assert node.get_parameter("lidar.top.topic").value == "/top/points"
    assert node.get_parameter("transfer.max_range_m").value == 80.0
    assert parameters.config.transfer.max_range_m == 80.0
    assert parameters.config.cameras["front"].image_topic == "/front/image_raw"
    flat = parameters.config.to_parameters()
    assert all(node.has_parameter(name) for name in flat)
    assert node.get_parameter("radars").type_ == Parameter.Type.STRING_ARRAY
    assert list(node.get_parameter("radars").value) == []


SECTIONS = {
    "/**": "",
    "/**/perception_node": "",
    "/ns/perception_node": "/ns",
    "ns/perception_node": "/ns",
    "/ns/**": "/ns",
    "/*/perception_node": "/any",
    "perception_node": "",
    "/*": "",
}


@pytest.mark.parametrize("key", SECTIONS)
@pytest.mark.parametrize("all_nodes_last", [False, True])
def test_sections_mean_to_us_what_they_mean_to_ros(ros, tmp_path, key, all_nodes_last):
    sections = {"/**": {"a": 1, "b": 1}, key: {"a": 2}}
    if all_nodes_last:
        sections = dict(reversed(sections.items()))
    file = tmp_path / "robot.yaml"
    document = {name: {"ros__parameters": values} for name, values in sections.items()}
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    arguments = ["--ros-args", "--params-file", str(file), "-r", f"__ns:={SECTIONS[key] or '/'}"]
    node = ros.node("perception_node", cli_args=arguments)
    assert overrides(node) == read_parameter_file(file, "perception_node")


@pytest.mark.parametrize("platform", platforms.shipped())
def test_ros_reads_the_shipped_files_as_we_do(ros, platform):
    file = str(platforms.shipped()[platform])
    node = ros.node("perception_node", cli_args=["--ros-args", "--params-file", file])
    assert Config.from_parameters(overrides(node)) == platforms.load(platform)


def test_every_parameter_has_a_description(make):
    node, parameters = make(*ROBOT)
    for name in parameters.config.to_parameters():
        assert node.describe_parameter(name).description, name


def test_descriptions_say_what_is_live_and_what_is_for_experts(make):
    node, _ = make(*ROBOT)
    assert node.describe_parameter("synchronizer.buffer_size").description.endswith("(expert)")
    assert node.describe_parameter("transfer.max_range_m").description.endswith("(live)")


def test_ranges_and_choices_are_shown(make):
    node, _ = make(*ROBOT)
    share = node.describe_parameter("transfer.min_confidence").floating_point_range[0]
    assert (share.from_value, share.to_value) == (0.0, 1.0)
    buffer_size = node.describe_parameter("synchronizer.buffer_size").integer_range[0]
    assert (buffer_size.from_value, buffer_size.to_value) == (1, 1000)
    assert "best_effort" in node.describe_parameter("node.input_reliability").additional_constraints
    cameras = node.describe_parameter("cameras")
    assert cameras.read_only
    assert cameras.type == ParameterType.PARAMETER_STRING_ARRAY
    radars = node.describe_parameter("radars")
    assert radars.read_only
    assert radars.type == ParameterType.PARAMETER_STRING_ARRAY


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "transfer.max_rnge_m:=80",
            "unknown parameter 'transfer.max_rnge_m'.*'transfer.max_range_m'",
        ),
        ("transfer.max_range_m:=-1.0", "transfer.max_range_m.*greater than 0"),
        ("transfer.max_range_m:=far", "transfer.max_range_m.*valid number.*'far'"),
        ("camera.rear.image_topic:=/rear", "camera.rear is described but not listed"),
        ("node.input_reliability:=fast", "node.input_reliability.*'auto'"),
    ],
)
def test_a_wrong_override_is_refused_by_name(make, override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make(override)


def test_a_bad_value_at_run_time_is_answered_with_its_name(make):
    node, parameters = make(*ROBOT)
    # Within the declared range, which rclpy checks by itself, and yet not allowed.
    answer = node.set_parameters([Parameter("transfer.max_range_m", value=0.0)])[0]
    assert not answer.successful
    assert "transfer.max_range_m" in answer.reason
    assert parameters.config.transfer.max_range_m == 80.0
    assert node.set_parameters([Parameter("transfer.max_range_m", value=60.0)])[0].successful
    assert parameters.config.transfer.max_range_m == 60.0


def test_the_owner_may_refuse(make):
    node, parameters = make(*ROBOT, may_change=lambda names: f"not now: {sorted(names)}")
    answer = node.set_parameters([Parameter("transfer.max_range_m", value=60.0)])[0]
    assert answer.reason == "not now: ['transfer.max_range_m']"
    assert parameters.config.transfer.max_range_m == 80.0


def test_sim_time_is_none_of_ours(make):
    node, _ = make(*ROBOT, may_change=lambda _names: "never")
    assert node.set_parameters([Parameter("use_sim_time", value=False)])[0].successful


def test_what_changed_is_told_and_may_be_refused_in_words(make):
    told = []

    def changed(config):
        told.append(config.output.overlay_alpha)
        if config.output.colors:
            msg = "colours: expected CLASS=#rrggbb"
            raise ConfigError(msg)

    node, parameters = make(*ROBOT, changed=changed)
    (answer,) = node.set_parameters([Parameter("output.overlay_alpha", value=0.25)])
    assert answer.successful
    (answer,) = node.set_parameters([Parameter("output.colors", value=["x=#000000"])])
    assert answer.reason == "colours: expected CLASS=#rrggbb"
    assert told == [0.25, 0.25]
    assert parameters.config.output.colors == []

"""Launch the perception of one robot.

ros2 launch seg_perception perception.launch.py platform:=viking_hill rviz:=true
ros2 launch seg_perception perception.launch.py params_file:=/path/to/robot.yaml
"""

from typing import Any

import launch.logging
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter
from launch_ros.substitutions import FindPackageShare

from launch import LaunchContext, LaunchDescription
from seg_perception.core.ros_environment import profile_variables
from seg_perception.robots import launch_options

CONFIG = PathJoinSubstitution([FindPackageShare("seg_perception"), "config"])
PLATFORM = LaunchConfiguration("platform")
# Name, default, allowed values, description.
ARGUMENTS = (
    ("platform", "simulated", None, "shipped robot whose parameter file is taken"),
    (
        "params_file",
        [PathJoinSubstitution([CONFIG, "platforms", PLATFORM]), ".yaml"],
        None,
        "ROS parameter file: cameras, lidars, radars, model; by default the platform's",
    ),
    ("model", "", None, "model bundle: shipped name, folder or zip; empty: as the file says"),
    ("engine", "", ["", "auto", "onnxruntime", "tensorrt"], "empty: as the parameter file says"),
    (
        "processes",
        "one",
        list(launch_options.EXECUTABLES),
        "one: images and clouds in one process; split: a process for each",
    ),
    ("namespace", "", None, "namespace of the nodes; topics without a slash are relative to it"),
    (
        "namespaced_tf",
        "false",
        ["true", "false"],
        "hear /tf and /tf_static under the namespace, as Clearpath's robots publish them",
    ),
    ("use_sim_time", "false", ["true", "false"], "take the time from /clock, as with a bag"),
    ("log_level", "info", ["debug", "info", "warn", "error", "fatal"], "of the nodes"),
    ("respawn", "true", ["true", "false"], "start a node again that died, after two seconds"),
    ("rviz", "false", ["true", "false"], "open RViz"),
    ("rviz_config", "", None, "view for RViz; empty: one of what the parameter file publishes"),
    (
        "dds_profile",
        PathJoinSubstitution([CONFIG, "dds", "fastdds_shm.xml"]),
        None,
        "Fast DDS profile; large frames get lost at best effort without shared memory",
    ),
)


def generate_launch_description() -> LaunchDescription:
    """Describe arguments, environment and nodes."""
    profile = LaunchConfiguration("dds_profile")
    return LaunchDescription(
        [
            *(declare(*argument) for argument in ARGUMENTS),
            *(SetEnvironmentVariable(name, profile) for name in profile_variables()),
            SetParameter("use_sim_time", LaunchConfiguration("use_sim_time")),
            OpaqueFunction(function=perception_nodes),
            OpaqueFunction(function=rviz),
        ]
    )


def declare(
    name: str, default: Any, choices: list[str] | None, description: str
) -> DeclareLaunchArgument:
    """One argument."""
    return DeclareLaunchArgument(
        name, default_value=default, choices=choices, description=description
    )


def perception_nodes(context: LaunchContext) -> list[Node]:
    """The nodes that `processes` names, with the overrides of the arguments."""
    values = context.launch_configurations
    parameters = [values["params_file"], launch_options.overrides(values)]
    return [
        Node(
            package="seg_perception",
            executable=executable,
            name=executable,
            namespace=values["namespace"],
            parameters=[entry for entry in parameters if entry],
            remappings=launch_options.remappings(values),
            arguments=["--ros-args", "--log-level", values["log_level"]],
            output="screen",
            respawn=values["respawn"] == "true",
            respawn_delay=2.0,
        )
        for executable in launch_options.EXECUTABLES[values["processes"]]
    ]


def rviz(context: LaunchContext) -> list[Node]:
    """RViz, where it is asked for, with a view of what is published."""
    values = context.launch_configurations
    if values["rviz"] != "true":
        return []
    view = launch_options.rviz_config(values, launch.logging.launch_config.log_dir)
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            namespace=values["namespace"],
            arguments=["-d", view],
            remappings=launch_options.remappings(values),
        )
    ]

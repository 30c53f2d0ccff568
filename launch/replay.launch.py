"""Play a bag through the perception of a robot, and look at it.

ros2 launch seg_perception replay.launch.py bag:=forest.mcap platform:=viking_hill
ros2 launch seg_perception replay.launch.py bag:=sim.mcap record:=labelled.mcap

With `record` the results go into a bag, which `seg-perception evaluate` scores.
"""

import signal

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.events import matches_action
from launch.events.process import SignalProcess
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import Action, LaunchContext, LaunchDescription
from seg_perception.robots import launch_options

LAUNCH = PathJoinSubstitution([FindPackageShare("seg_perception"), "launch"])
# Name, default (None: it must be given), description; those of perception.launch.py hold too.
ARGUMENTS = (
    ("bag", None, "recording to play: .mcap, .db3, .bag or a folder"),
    ("rate", "1.0", "speed of playing"),
    ("start_delay", "5.0", "seconds before the first message, in which the model loads"),
    ("record", "", "bag for what is played and what comes of it, a new .mcap; empty: none"),
    ("evaluate", "", "folder for the report on what was recorded; empty: none"),
    ("rviz", "true", "open RViz"),
)


def generate_launch_description() -> LaunchDescription:
    """Describe the perception on the bag's clock, and the player with what follows it."""
    perception = PythonLaunchDescriptionSource(
        PathJoinSubstitution([LAUNCH, "perception.launch.py"])
    )
    arguments = {"use_sim_time": "true", "rviz": LaunchConfiguration("rviz")}
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, default, description in ARGUMENTS
            ),
            IncludeLaunchDescription(perception, launch_arguments=arguments.items()),
            OpaqueFunction(function=bag_actions),
        ]
    )


def bag_actions(context: LaunchContext) -> list[Action]:
    """The player; beside it a recorder, if there is one, and after that the evaluation."""
    values = context.launch_configurations
    if values["evaluate"] and not values["record"]:
        msg = "evaluate needs a recording: name one with record:=labelled.mcap"
        raise RuntimeError(msg)
    end: Action = Shutdown(reason="the bag was played")
    if not values["record"]:
        return [player(values, end)]
    recorder = Node(
        package="seg_perception",
        executable="bag_recorder",
        arguments=[values["record"]],
        output="screen",
        on_exit=[evaluation(values, end) if values["evaluate"] else end],
    )
    finish = SignalProcess(signal_number=signal.SIGINT, process_matcher=matches_action(recorder))
    return [recorder, player(values, EmitEvent(event=finish))]


def player(values: dict[str, str], afterwards: Action) -> Node:
    """Plays the bag once, with its clock, as soon as the perception listens."""
    awaited = launch_options.image_topics(values["params_file"])
    return Node(
        package="seg_perception",
        executable="bag_player",
        arguments=[
            *(values["bag"], "--rate", values["rate"], "--clock", "--tail", "2"),
            *("--wait-for", *awaited, "--wait-timeout", "120"),
            *("--delay", values["start_delay"]),
        ],
        output="screen",
        on_exit=[afterwards],
    )


def evaluation(values: dict[str, str], end: Action) -> ExecuteProcess:
    """Scores the recording."""
    command = ["seg-perception", "evaluate", values["record"], "-o", values["evaluate"]]
    return ExecuteProcess(cmd=command, output="screen", on_exit=[end])

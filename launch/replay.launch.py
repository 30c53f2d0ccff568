"""Play a bag through the perception of a robot, and look at it.

ros2 launch seg_perception replay.launch.py bag:=forest.mcap platform:=viking_hill
ros2 launch seg_perception replay.launch.py bag:=sim.mcap record:=labelled.mcap

With `record` the results go into a bag, which `seg-perception evaluate` scores. RViz stays open
at the bag's end: closing it ends the rest.
"""

import signal
from collections.abc import Callable

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch.events.process import ProcessExited, SignalProcess
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import Action, LaunchContext, LaunchDescription
from seg_perception.robots import launch_options

LAUNCH = PathJoinSubstitution([FindPackageShare("seg_perception"), "launch"])
SWITCH = ["true", "false"]
# Name, default (None: it must be given), allowed values, description; those of
# perception.launch.py hold too.
ARGUMENTS = (
    ("bag", None, None, "recording to play: .mcap, .db3, .bag or a folder"),
    ("rate", "1.0", None, "speed of playing"),
    ("loop", "false", SWITCH, "play it again and again, until RViz is closed or Ctrl+C"),
    ("start_delay", "5.0", None, "seconds before the first message, in which the model loads"),
    ("record", "", None, "bag for what is played and what comes of it, a new .mcap; empty: none"),
    ("evaluate", "", None, "folder for the report on what was recorded; empty: none"),
    ("rviz", "true", SWITCH, "open RViz; it stays open at the bag's end"),
)
Exited = Callable[[ProcessExited, LaunchContext], Action]


def generate_launch_description() -> LaunchDescription:
    """Describe the perception on the bag's clock, and the player with what follows it."""
    perception = PythonLaunchDescriptionSource(
        PathJoinSubstitution([LAUNCH, "perception.launch.py"])
    )
    arguments = {"use_sim_time": "true", "rviz": LaunchConfiguration("rviz")}
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(
                    name, default_value=default, choices=choices, description=description
                )
                for name, default, choices, description in ARGUMENTS
            ),
            IncludeLaunchDescription(perception, launch_arguments=arguments.items()),
            OpaqueFunction(function=bag_actions),
        ]
    )


def bag_actions(context: LaunchContext) -> list[Action]:
    """The player; beside it a recorder, if there is one, and after that the evaluation."""
    values = context.launch_configurations
    course = launch_options.ReplayCourse(values)

    def end(event: ProcessExited, _context: LaunchContext) -> Action:
        if course.is_over("bag") or event.returncode:
            return Shutdown(reason="the bag was played")
        return LogInfo(msg="the bag was played; closing RViz ends the rest")

    def rviz_exited(event: ProcessExited, _context: LaunchContext) -> list[Action]:
        # A process is called by its executable and a number.
        executable = event.process_name.rpartition("-")[0]
        over = executable == "rviz2" and course.is_over(executable)
        return [Shutdown(reason="RViz was closed")] if over else []

    closed = RegisterEventHandler(OnProcessExit(on_exit=rviz_exited))
    if not values["record"]:
        return [closed, player(values, end)]
    recorder = Node(
        package="seg_perception",
        executable="bag_recorder",
        arguments=[values["record"]],
        output="screen",
        on_exit=[evaluation(values, end)] if values["evaluate"] else end,
    )
    finish = SignalProcess(signal_number=signal.SIGINT, process_matcher=matches_action(recorder))
    return [closed, recorder, player(values, lambda _event, _context: EmitEvent(event=finish))]


def player(values: dict[str, str], on_exit: Exited) -> Node:
    """Plays the bag, with its clock, as soon as the perception listens."""
    awaited = launch_options.image_topics(values["params_file"], values["namespace"])
    return Node(
        package="seg_perception",
        executable="bag_player",
        arguments=[
            *(values["bag"], "--rate", values["rate"], "--clock", "--tail", "2"),
            *("--wait-for", *awaited, "--wait-timeout", "120"),
            *("--delay", values["start_delay"]),
            *(["--loop"] if values["loop"] == "true" else []),
        ],
        output="screen",
        on_exit=on_exit,
    )


def evaluation(values: dict[str, str], on_exit: Exited) -> ExecuteProcess:
    """Scores the recording."""
    command = ["seg-perception", "evaluate", values["record"], "-o", values["evaluate"]]
    return ExecuteProcess(cmd=command, output="screen", on_exit=on_exit)

"""Launch the perception node with one parameter file.

ros2 launch seg_perception perception.launch.py params_file:=/path/to/robot.yaml
"""

from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription

PACKAGE = FindPackageShare("seg_perception")
ARGUMENTS = (
    (
        "params_file",
        PathJoinSubstitution([PACKAGE, "config", "platforms", "simulated.yaml"]),
        "ROS parameter file of the robot: cameras, lidars, radars, model",
    ),
    ("namespace", "", "namespace of the node; topics in the file may be relative to it"),
    ("use_sim_time", "false", "take the time from /clock, as with a bag that is played"),
    ("log_level", "info", "debug, info, warn, error or fatal"),
    ("rviz", "false", "open RViz with the package's view"),
    (
        "dds_profile",
        PathJoinSubstitution([PACKAGE, "config", "dds", "fastdds_shm.xml"]),
        "Fast DDS profile; large frames get lost at best effort without shared memory",
    ),
)


def generate_launch_description() -> LaunchDescription:
    """Describe arguments, environment and nodes."""
    profile = LaunchConfiguration("dds_profile")
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, default, description in ARGUMENTS
            ),
            SetEnvironmentVariable("FASTDDS_DEFAULT_PROFILES_FILE", profile),
            SetEnvironmentVariable("FASTRTPS_DEFAULT_PROFILES_FILE", profile),
            SetParameter("use_sim_time", LaunchConfiguration("use_sim_time")),
            Node(
                package="seg_perception",
                executable="perception_node",
                name="perception_node",
                namespace=LaunchConfiguration("namespace"),
                parameters=[LaunchConfiguration("params_file")],
                arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
                output="screen",
            ),
            Node(
                package="rviz2",
                executable="rviz2",
                arguments=[
                    "-d",
                    PathJoinSubstitution([PACKAGE, "config", "rviz", "perception.rviz"]),
                ],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )

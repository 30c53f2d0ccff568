"""Launch one half of the perception on each of two machines; labels travel as PNG.

ros2 launch seg_perception split.launch.py half:=segmentation params_file:=robot.yaml
ros2 launch seg_perception split.launch.py half:=clouds params_file:=robot.yaml
"""

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter
from launch_ros.substitutions import FindPackageShare

from launch import LaunchContext, LaunchDescription
from seg_perception.core.ros_environment import profile_variables
from seg_perception.robots import launch_options

PACKAGE = FindPackageShare("seg_perception")
HALVES = {"segmentation": "segmentation_node", "clouds": "semantic_cloud_node"}


def generate_launch_description() -> LaunchDescription:
    """Describe arguments, environment and the chosen node."""
    profile = PathJoinSubstitution([PACKAGE, "config", "dds", "fastdds_shm.xml"])
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "half", choices=list(HALVES), description="which node runs on this machine"
            ),
            DeclareLaunchArgument(
                "params_file", description="ROS parameter file, the same on both machines"
            ),
            DeclareLaunchArgument(
                "namespace", default_value="", description="namespace of the node"
            ),
            DeclareLaunchArgument(
                "namespaced_tf",
                default_value="false",
                choices=["true", "false"],
                description="hear /tf and /tf_static under the namespace",
            ),
            DeclareLaunchArgument(
                "use_sim_time", default_value="false", description="take the time from /clock"
            ),
            *(SetEnvironmentVariable(name, profile) for name in profile_variables()),
            SetParameter("use_sim_time", LaunchConfiguration("use_sim_time")),
            OpaqueFunction(function=half_node),
        ]
    )


def half_node(context: LaunchContext) -> list[Node]:
    """The node of the half that runs on this machine."""
    values = context.launch_configurations
    executable = HALVES[values["half"]]
    return [
        Node(
            package="seg_perception",
            executable=executable,
            name=executable,
            namespace=values["namespace"],
            parameters=[values["params_file"]],
            remappings=launch_options.remappings(values),
            output="screen",
        )
    ]

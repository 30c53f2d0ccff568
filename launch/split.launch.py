"""Launch one half of the perception on each of two machines; labels travel as PNG.

ros2 launch seg_perception split.launch.py half:=segmentation params_file:=robot.yaml
ros2 launch seg_perception split.launch.py half:=clouds params_file:=robot.yaml
"""

from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EqualsSubstitution, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription
from seg_perception.core.ros_environment import profile_variables

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
                "use_sim_time", default_value="false", description="take the time from /clock"
            ),
            *(SetEnvironmentVariable(name, profile) for name in profile_variables()),
            SetParameter("use_sim_time", LaunchConfiguration("use_sim_time")),
            *(
                Node(
                    package="seg_perception",
                    executable=executable,
                    name=executable,
                    namespace=LaunchConfiguration("namespace"),
                    parameters=[LaunchConfiguration("params_file")],
                    output="screen",
                    condition=IfCondition(EqualsSubstitution(LaunchConfiguration("half"), half)),
                )
                for half, executable in HALVES.items()
            ),
        ]
    )

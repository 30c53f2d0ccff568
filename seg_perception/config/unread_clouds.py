"""Types that carry what a lidar saw in a form that is not read here, and what reads it."""

from __future__ import annotations

_COMPRESSED = (
    "decode it with the point_cloud_transport plugin that encoded it (`ros2 run "
    "point_cloud_transport republish`), or with cloudini's cloudini_topic_converter; a bag with "
    "its cloudini_rosbag_converter"
)
_VELODYNE = "run velodyne_pointcloud's velodyne_transform_node on it"
_OUSTER = "run ouster_ros on it: its replay launch file takes a bag of packets and the metadata"
_ROBOSENSE = "run rslidar_sdk on it (msg_source: 2, from ROS)"
_OLD_ROBOSENSE = "run ros_rslidar's rslidar_pointcloud on it, in ROS 1"
_HESAI = "run hesai_ros_driver on it (source_type: 3, from ROS)"
_OLD_HESAI = "run HesaiLidar_General_ROS on it (data_type: rosbag)"
_NEBULA = "run the nebula driver on it, with launch_hw:=false"
_LSLIDAR = "run lslidar_driver on it"
_SEYOND = "run seyond_ros_driver on it (replay_rosbag: true)"
_UDP = "run the driver of the sensor whose UDP packets they are on it"
_CONVERTERS = {
    "point_cloud_interfaces/msg/CompressedPointCloud2": _COMPRESSED,
    "velodyne_msgs/msg/VelodyneScan": _VELODYNE,
    "velodyne_msgs/msg/VelodynePacket": _VELODYNE,
    "ouster_sensor_msgs/msg/PacketMsg": _OUSTER,
    "ouster_msgs/msg/PacketMsg": _OUSTER,
    "ouster_ros/msg/PacketMsg": _OUSTER,
    "nebula_msgs/msg/NebulaPackets": _NEBULA,
    "nebula_msgs/msg/NebulaPacket": _NEBULA,
    "pandar_msgs/msg/PandarScan": _NEBULA,
    "pandar_msgs/msg/PandarPacket": _NEBULA,
    "robosense_msgs/msg/RobosenseScan": _NEBULA,
    "robosense_msgs/msg/RobosensePacket": _NEBULA,
    "hesai_ros_driver/msg/UdpFrame": _HESAI,
    "hesai_ros_driver/msg/UdpPacket": _HESAI,
    "hesai_lidar/msg/PandarScan": _OLD_HESAI,
    "hesai_lidar/msg/PandarPacket": _OLD_HESAI,
    "rslidar_msg/msg/RslidarPacket": _ROBOSENSE,
    "rslidar_msg/msg/RslidarScan": _ROBOSENSE,
    "rslidar_msgs/msg/rslidarScan": _OLD_ROBOSENSE,
    "rslidar_msgs/msg/rslidarPacket": _OLD_ROBOSENSE,
    "lslidar_msgs/msg/LslidarPacket": _LSLIDAR,
    "lslidar_msgs/msg/LslidarScan": _LSLIDAR,
    "seyond/msg/SeyondScan": _SEYOND,
    "seyond/msg/SeyondPacket": _SEYOND,
    "udp_msgs/msg/UdpPacket": _UDP,
}
# Not a cloud by themselves: a robot has them for safety, beside the lidar that sees the ground.
_PLANAR = {
    "sensor_msgs/msg/LaserScan": "run pointcloud_to_laserscan's laserscan_to_pointcloud_node on it",
    "sensor_msgs/msg/MultiEchoLaserScan": "run laser_proc on it, then laserscan_to_pointcloud_node",
}


def is_unread_cloud(type_name: str) -> bool:
    """Whether a type is known to carry what a lidar saw, in a form that is not read."""
    return type_name in _CONVERTERS or type_name in _PLANAR


def is_planar(type_name: str) -> bool:
    """Whether a type carries a single line of points."""
    return type_name in _PLANAR


def converter(type_name: str) -> str:
    """What makes clouds of messages of a type, as half a sentence; empty where not known."""
    return (_CONVERTERS | _PLANAR).get(type_name, "")

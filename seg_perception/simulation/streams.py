"""One stream of messages for each sensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS, LabelMap, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.depth import encode_depth
from seg_perception.io.images import encode_labels, encode_rgb
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.simulation import rig
from seg_perception.simulation.depth_camera import StereoDepth
from seg_perception.simulation.lidar import LidarScan
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.rig import MountedCamera
from seg_perception.simulation.shapes import Array
from seg_perception.simulation.trajectory import TF_RATE_HZ, RobotState, Trajectory
from seg_perception.simulation.visibility import Places, visible_surface
from seg_perception.simulation.world import World

_CAMERA_LATENCY_NS, _LIDAR_LATENCY_NS, _RADAR_LATENCY_NS = 35_000_000, 6_000_000, 22_000_000
_MOTION_LATENCY_NS = 2_000_000
_MOTION_MARGIN_S = 0.2
_DEPTH_LATENCY_NS = 4_000_000
_CAMERA, _LIDAR, _RADAR, _DEPTH = 10, 11, 12, 13
_CAMERA_STEP = 10

LIDAR_TRUTH = np.dtype(
    {
        "names": ["x", "y", "z", "label", "visible", "moving"],
        "formats": ["<f4", "<f4", "<f4", "u1", "u1", "u1"],
        "offsets": [0, 4, 8, 12, 13, 14],
        "itemsize": 16,
    }
)
"""Per point of the scan, in its order: class, whether the front camera sees it in the picture
nearest to the scan's stamp, whether it belongs to somebody who moves."""

RADAR_TRUTH = np.dtype(
    {
        "names": ["x", "y", "z", "label", "moving"],
        "formats": ["<f4", "<f4", "<f4", "u1", "u1"],
        "offsets": [0, 4, 8, 12, 13],
        "itemsize": 16,
    }
)
"""Per point of the scan, in its order: class (unknown for ghosts), whether it moves."""


@dataclass(frozen=True)
class SimulatedMessage:
    """One message of the drive.

    Attributes:
        topic: where it is published.
        message: one of io.messages.
        log_time_ns: when it would reach a recorder: its stamp, and the sensor's latency.
        latched: late subscribers get it too.
    """

    topic: str
    message: messages.Message
    log_time_ns: int
    latched: bool = False


def static_transforms(world: World) -> Iterator[SimulatedMessage]:
    """Where the sensors sit on the robot, latched."""
    config, stamp_ns = world.config, world.config.stamp_ns
    links = [
        link
        for mounted in world.cameras
        for link in (
            (config.base_frame, mounted.body_frame, mounted.T_base_body),
            (mounted.body_frame, mounted.frame, rig.OPTICAL_FROM_BODY),
        )
    ]
    links += [
        (config.base_frame, config.lidar_frame, rig.T_BASE_LIDAR),
        (config.base_frame, config.radar_frame, rig.T_BASE_RADAR),
    ]
    message = encode_tf(StampedTransform(a, b, stamp_ns, T) for a, b, T in links)
    yield SimulatedMessage(config.tf_static_topic, message, _start_of_motion(world), latched=True)


def motion(world: World) -> Iterator[SimulatedMessage]:
    """Transforms and odometry at 50 Hz, from a little before the first scan to after the last."""
    config = world.config
    steps = int((config.duration_s + 2 * _MOTION_MARGIN_S) * TF_RATE_HZ) + 1
    for step in range(steps):
        stamp_ns = _start_of_motion(world) + step * NANOSECONDS // TF_RATE_HZ
        time_s = (stamp_ns - config.stamp_ns) * 1e-9
        pose = world.trajectory.pose(time_s)
        link = StampedTransform(config.odom_frame, config.base_frame, stamp_ns, pose)
        log_ns = stamp_ns + _MOTION_LATENCY_NS
        yield SimulatedMessage(config.tf_topic, encode_tf([link]), log_ns)
        odometry = _odometry(world, link, world.trajectory.motion(time_s))
        yield SimulatedMessage(config.odom_topic, odometry, log_ns)


def camera_frames(world: World) -> Iterator[SimulatedMessage]:
    """Picture, camera_info and truth of each exposure of each camera, stamped at its first row."""
    config = world.config
    for index in range(_count(config.duration_s, config.camera_rate_hz)):
        offset_ns = index * NANOSECONDS // config.camera_rate_hz
        for number, mounted in enumerate(world.cameras):
            seed = [config.seed, _CAMERA + _CAMERA_STEP * number, index]
            yield from _exposure(world, mounted, offset_ns, seed)


def _exposure(
    world: World, mounted: MountedCamera, offset_ns: int, seed: list[int]
) -> Iterator[SimulatedMessage]:
    stamp_ns, time_s = world.config.stamp_ns + offset_ns, offset_ns * 1e-9
    poses = mounted.poses(world.trajectory)
    picture = mounted.camera.render(world.scene, poses, time_s, world.light, seed)
    labels = world.class_ids[picture.surface]
    certain = np.full(labels.shape, 255, np.uint8)
    truth = LabelMap(mounted.name, labels, certain, stamp_ns, mounted.frame)
    log_ns = stamp_ns + _CAMERA_LATENCY_NS
    info = encode_camera_info(mounted.camera.calibration, stamp_ns, mounted.frame)
    image = encode_rgb(picture.rgb, stamp_ns, mounted.frame)
    yield SimulatedMessage(mounted.camera_info_topic, info, log_ns)
    yield SimulatedMessage(mounted.image_topic, image, log_ns)
    yield SimulatedMessage(mounted.truth_topic, encode_labels(truth), log_ns)
    if world.config.depth_camera and mounted is world.cameras[0]:
        yield from _depths(world, mounted, mounted.camera.depth_m(picture), stamp_ns, seed)


def _depths(
    world: World, mounted: MountedCamera, depth_m: Floats, stamp_ns: int, seed: list[int]
) -> Iterator[SimulatedMessage]:
    """Depths of a picture, and their lens, of which drivers leave out the distortion."""
    config, lens = world.config, mounted.camera.calibration
    stereo = StereoDepth(
        float(lens.k[0, 0]), config.depth_baseline_m, config.depth_noise_px, config.depth_range_m
    )
    values = stereo.measure(depth_m, [*seed, _DEPTH])
    log_ns = stamp_ns + _CAMERA_LATENCY_NS + _DEPTH_LATENCY_NS
    info = encode_camera_info(replace(lens, d=np.zeros(5)), stamp_ns, mounted.frame)
    yield SimulatedMessage(config.depth_info_topic, info, log_ns)
    image = encode_depth(values, stamp_ns, mounted.frame)
    yield SimulatedMessage(config.depth_topic, image, log_ns)


def lidar_scans(world: World) -> Iterator[SimulatedMessage]:
    """Scans stamped at their start and sent after their end, and their truth."""
    config = world.config
    period_ns = NANOSECONDS // config.lidar_rate_hz
    for index in range(int(config.duration_s * config.lidar_rate_hz + 1e-9)):
        offset_ns = index * period_ns
        stamp_ns, time_s = config.stamp_ns + offset_ns, offset_ns * 1e-9
        seed = [config.seed, _LIDAR, index]
        scan = world.lidar.scan(world.scene, world.trajectory, rig.T_BASE_LIDAR, time_s, seed)
        cloud = PointCloud(scan.points, stamp_ns, config.lidar_frame, is_dense=True)
        labelled = _lidar_truth(world, scan, time_s)
        truth = PointCloud(labelled, stamp_ns, config.lidar_frame, is_dense=True)
        log_ns = stamp_ns + period_ns + _LIDAR_LATENCY_NS
        yield SimulatedMessage(config.lidar_topic, encode_cloud(cloud), log_ns)
        yield SimulatedMessage(config.lidar_truth_topic, encode_cloud(truth), log_ns)


def radar_scans(world: World) -> Iterator[SimulatedMessage]:
    """Radar scans and their truth."""
    config = world.config
    for index in range(_count(config.duration_s, config.radar_rate_hz)):
        offset_ns = index * NANOSECONDS // config.radar_rate_hz
        stamp_ns, time_s = config.stamp_ns + offset_ns, offset_ns * 1e-9
        pose, moving = radar_pose(world.trajectory, time_s)
        scan = world.radar.scan(world.scene, pose, moving, time_s, [config.seed, _RADAR, index])
        truth = np.zeros(len(scan.points), RADAR_TRUTH)
        for name in "xyz":
            truth[name] = scan.points[name]
        truth["label"] = world.class_ids[scan.surface]
        truth["moving"] = scan.mover >= 0
        log_ns = stamp_ns + _RADAR_LATENCY_NS
        for topic, points in ((config.radar_topic, scan.points), (config.radar_truth_topic, truth)):
            cloud = PointCloud(points[None], stamp_ns, config.radar_frame, is_dense=True)
            yield SimulatedMessage(topic, encode_cloud(cloud), log_ns)


def radar_pose(trajectory: Trajectory, time_s: float) -> tuple[Array, RobotState]:
    """T_world_radar, float64 (4, 4), and the radar's velocity: it turns with the robot."""
    base, robot = trajectory.pose(time_s), trajectory.motion(time_s)
    pose = base @ rig.T_BASE_RADAR
    lever = pose[:3, 3] - base[:3, 3]
    return pose, RobotState(robot.linear + np.cross(robot.angular, lever), robot.angular)


def _lidar_truth(world: World, scan: LidarScan, time_s: float) -> NDArray[Any]:
    truth = np.zeros(scan.points.shape, LIDAR_TRUTH)
    for name in "xyz":
        truth[name] = scan.points[name]
    truth["label"] = world.class_ids[scan.surface]
    truth["visible"] = _visible_to_camera(world, scan, time_s)
    truth["moving"] = scan.mover >= 0
    return truth


def _visible_to_camera(world: World, scan: LidarScan, time_s: float) -> NDArray[np.bool_]:
    """Whether the front camera, in the picture nearest to a time, sees each point."""
    config = world.config
    last = _count(config.duration_s, config.camera_rate_hz) - 1
    picture_s = min(round(time_s * config.camera_rate_hz), last) / config.camera_rate_hz
    fired_s = time_s + scan.points["t"].reshape(-1) * 1e-9
    places = Places(scan.xyz_world.reshape(-1, 3), scan.mover.reshape(-1), fired_s)
    front = world.cameras[0]
    poses = front.poses(world.trajectory)
    visible = visible_surface(world.scene, front.camera, poses, picture_s, places).visible
    return (visible & (scan.points["range"].reshape(-1) > 0)).reshape(scan.surface.shape)


def _odometry(world: World, link: StampedTransform, moving: RobotState) -> messages.Odometry:
    """Pose, and velocity in the robot's own frame."""
    pose = encode_tf([link]).transforms[0].transform
    to_base = link.T_parent_child[:3, :3].T
    linear, angular = to_base @ moving.linear, to_base @ moving.angular
    covariance = np.diag([1e-3] * 6).reshape(-1)
    position = messages.Point(pose.translation.x, pose.translation.y, pose.translation.z)
    twist = messages.Twist(messages.Vector3(*linear.tolist()), messages.Vector3(*angular.tolist()))
    return messages.Odometry(
        messages.Header.at(link.stamp_ns, world.config.odom_frame),
        world.config.base_frame,
        messages.PoseWithCovariance(messages.Pose(position, pose.rotation), covariance),
        messages.TwistWithCovariance(twist, covariance),
    )


def _start_of_motion(world: World) -> int:
    return world.config.stamp_ns - int(_MOTION_MARGIN_S * NANOSECONDS)


def _count(duration_s: float, rate_hz: int) -> int:
    """Exposures from the start up to, but not at, the end."""
    return max(1, int(np.ceil(duration_s * rate_hz - 1e-9)))

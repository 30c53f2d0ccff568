"""What can be amiss with the names of frames, and with who publishes their transforms."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

EMPTY_FRAME = IssueKind(
    "empty_frame",
    "its {messages} have an empty frame_id, so nobody knows where they were measured",
    "let its driver name the frame, or set {parameter}",
    "a driver leaves `header.frame_id` empty",
    "set the driver's frame, or `camera.NAME.frame_id`, `lidar.NAME.frame_id`",
)
TWO_PARENTS = IssueKind(
    "two_parents",
    "frame {child!r} has two parents: {first} and {second}",
    "a frame can have one: end one of the two, or let SLAM and localisers move the root of the "
    "robot's frames, never a sensor that is mounted",
    "two publishers give one frame different parents, each forgets what the other said, and the "
    "tree falls apart",
    "end one of the publishers, or set its frames (`base_frame`, `lidar_frame` …) to the root of "
    "the robot's own tree, such as `base_link`",
    "warning",
    each="child",
)
ONCE_ON_TF = IssueKind(
    "once_on_tf",
    "transform {parent} <- {child} came once on /tf and never again",
    "what stands still belongs on /tf_static (static_transform_publisher), what moves has to be "
    "published again and again",
    "a timed transform holds at its own time alone; a mounting that is published once on `/tf` is "
    "of no use a moment later",
    "`ros2 run tf2_ros static_transform_publisher`, or the URDF with `robot_state_publisher`",
    each="child",
)
NAMESPACED_TF = IssueKind(
    "namespaced_tf",
    "nothing on {missing}, but on {found}",
    "start the node with --ros-args {node}; commands that read a bag take {command}",
    "the robot publishes its transforms under its namespace (Clearpath, several robots)",
    "remap, as the sentence says; frames of several robots need names of their own",
    "warning",
)

"""Where a sensor is on the robot, for outputs that leave out what the robot passes under."""

from __future__ import annotations

from dataclasses import replace

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.places import NO_BASE_TRANSFORM
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import SemanticCloud
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan


class RobotPose:
    """Places lidars and depth cameras on the robot where an output asks for it."""

    def __init__(self, config: Config, motion: EgoMotion, issues: IssueLog) -> None:
        """Remember whom to ask."""
        self._sensors = set(config.surface_sensors) if config.output.nav2_semantic_cloud else set()
        self._kind_of = config.kind_of
        self._base_frame = config.output.nav2_base_frame
        self._motion = motion
        self._issues = issues

    def placed(self, scan: Scan, semantic: SemanticCloud) -> SemanticCloud:
        """The labelled scan with the robot's base frame; as it is where that is not known."""
        if scan.sensor not in self._sensors:
            return semantic
        try:
            T_base_cloud = self._motion.T_frame_scan(self._base_frame, scan)
        except TransformError as error:
            name = stream(self._kind_of(scan.sensor), scan.sensor)
            self._issues.add(NO_BASE_TRANSFORM, name, base=self._base_frame, error=error)
            return semantic
        return replace(semantic, T_base_cloud=T_base_cloud)

"""Labels of a depth camera's points: the pixels of its label map become points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import CalibrationError
from seg_perception.core.issue_kinds.lenses import DEPTH_NOT_ALIGNED, NO_DEPTH_LENS
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import Calibration, PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.confidence import Confidence
from seg_perception.fusion.depth_registration import (
    DepthRegistration,
    RegisteredDepth,
    is_aligned,
)
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.projection import ProjectedPoints, Range
from seg_perception.fusion.transfer import CameraVote, LabelVoting, Transfer
from seg_perception.fusion.view import View
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.quaternion import rotation_angle
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.scan import XYZ, DepthScan
from seg_perception.pipeline.view_selector import SelectedViews, ViewSelector

_NEAR_M, _SAME_PIXEL_PX = 1.0, 0.5


class DepthLabeller:
    """Labels the depth images of one camera: a cloud of its label map's rows and columns."""

    def __init__(
        self,
        name: str,
        config: Config,
        motion: EgoMotion,
        views: ViewSelector,
        plausibility: Plausibility,
        unknown_id: int,
        issues: IssueLog,
    ) -> None:
        """Remember whom to ask; `unknown_id` is the label of points that get none."""
        depth = config.depths[name]
        self._name = name
        self._info_topic = depth.camera_info_topic
        self._frame_id = depth.frame_id
        self._registration = DepthRegistration(depth.max_range_m)
        self._config = config.transfer
        self._motion = motion
        self._views = views
        self._plausibility = plausibility
        self._unknown_id = unknown_id
        self._issues = issues

    def reconfigure(self, config: Config) -> None:
        """Work with other ranges and thresholds from now on."""
        self._config = config.transfer

    def label(self, scan: DepthScan) -> tuple[SemanticCloud, NDArray[np.float32] | None]:
        """Label a depth image with what is known now.

        Returns:
            The labels, and the points, float32 (N, 3), metre, in the image's frame; None where
            they have none.
        """
        selected = self._views.select(scan)
        if not selected.views:
            return self._unlabelled(scan, selected.missing), None
        view, turn = self._seen_from_lens(scan, selected.views[0])
        registered = self._registered(scan, view)
        if registered is None:
            return self._unlabelled(scan, PointStatus.NO_CALIBRATION), None
        xyz = registered.xyz if turn is None else registered.xyz @ turn
        transfer = self._transfer(replace(registered, xyz=xyz), selected.views[0])
        return self._semantic(scan, xyz, view.size, transfer, selected), xyz

    def _seen_from_lens(
        self, scan: DepthScan, view: View
    ) -> tuple[View, NDArray[np.float32] | None]:
        """A view of points in the lens' own axes, and what turns these into the frame's; None: one.

        Depths lie in optical frames (REP 118), but for a camera whose only frame is a body frame.
        """
        label_map = view.prepared.label_map
        is_body = self._motion.conventions.of(self._name) == "body"
        if not is_body or not self._motion.is_in_frame_of(label_map, scan):
            return view, None
        T_frame_lens = T_OPTICAL_BODY.T
        turn = T_OPTICAL_BODY[:3, :3].astype(np.float32)
        return view.of_points_in(T_frame_lens), turn

    def _registered(self, scan: DepthScan, view: View) -> RegisteredDepth | None:
        """The points of the label map's pixels; None where their lens is not known."""
        depth, name = scan.depth, stream("depth", self._name)
        lens = _lens(depth.calibration)
        why = f"they are in frame {self._motion.frame_of(scan)}"
        if self._motion.is_in_frame_of(view.prepared.label_map, scan):
            if is_aligned(depth.size, lens, view.camera):
                self._issues.release(NO_DEPTH_LENS, name)
                self._issues.release(DEPTH_NOT_ALIGNED, name)
                return self._aligned(scan, view)
            why = "they have another shape"
            if lens is not None:
                self._say_not_aligned(name, lens, view.camera)
        if lens is None:
            self._issues.hold(
                NO_DEPTH_LENS, name, why=why, topic=self._info_topic, camera=self._name
            )
            return None
        self._issues.release(NO_DEPTH_LENS, name)
        return self._registration.through(depth, lens, view)

    def _aligned(self, scan: DepthScan, view: View) -> RegisteredDepth:
        """Pixel by pixel, unless the camera has moved between the two images."""
        if view.shutter is None and _is_still(view):
            return self._registration.aligned(scan.depth, view.camera)
        return self._registration.through(scan.depth, view.camera, view)

    def _say_not_aligned(self, name: str, lens: CameraModel, camera: CameraModel) -> None:
        expected = camera.fx * lens.width / camera.width
        self._issues.hold(
            DEPTH_NOT_ALIGNED, name, own=lens.fx, expected=expected, camera=self._name
        )

    def _transfer(self, registered: RegisteredDepth, view: View) -> Transfer:
        """Labels of the label map's own pixels; what is not measured is invalid."""
        ranges = Range(self._config.min_range_m, self._config.max_range_m)
        status, asked = ranges.classify(registered.xyz, PointStatus.OUT_OF_VIEW)
        index = np.flatnonzero(asked)
        row, column = np.divmod(index, view.camera.width)
        points = ProjectedPoints(
            index,
            column.astype(np.uint16),
            row.astype(np.uint16),
            registered.depth_m.take(index),
        )
        labels = view.prepared.label_map.labels.reshape(-1).take(index)
        nothing_before = np.zeros(len(index), np.float32)
        vote = CameraVote(
            index=index,
            labels=labels,
            confidence=Confidence(view, self._config).of(points, nothing_before),
            hidden=np.zeros(len(index), np.bool_),
            contradicted=self._plausibility.contradicts(labels, points, registered.xyz, view),
        )
        whole = slice(0, len(status))
        voting = LabelVoting(len(status), self._unknown_id, self._config.min_confidence)
        voting.add(whole, 0, vote)
        voting.close(whole, status)
        return voting.result()

    def _semantic(
        self,
        scan: DepthScan,
        xyz: NDArray[np.float32],
        size: tuple[int, int],
        transfer: Transfer,
        selected: SelectedViews,
    ) -> SemanticCloud:
        return SemanticCloud(
            sensor=scan.sensor,
            cloud=self._cloud(scan, xyz, size),
            labels=transfer.labels,
            confidence=transfer.confidence,
            status=transfer.status,
            sources=transfer.sources,
            cameras=selected.cameras,
            gaps_s=tuple(view.time_gap_s for view in selected.views),
            is_degraded=selected.is_degraded,
        )

    def _unlabelled(self, scan: DepthScan, why: PointStatus) -> SemanticCloud:
        """The depth image's own pixels, as far as they have a place."""
        depth = scan.depth
        lens = _lens(depth.calibration)
        xyz = np.full((depth.values.size, 3), np.nan, np.float32)
        if lens is not None:
            xyz = self._registration.plain(depth, lens).xyz
        transfer = Transfer.unknown(len(xyz), self._unknown_id, why)
        invalid = np.where(np.isfinite(xyz[:, 2]), np.uint8(why), np.uint8(PointStatus.INVALID))
        transfer = replace(transfer, status=invalid)
        nobody = SelectedViews((), (), why, is_final=True)
        return self._semantic(scan, xyz, depth.size, transfer, nobody)

    def _cloud(
        self, scan: DepthScan, xyz: NDArray[np.float32], size: tuple[int, int]
    ) -> PointCloud:
        points = np.ascontiguousarray(xyz, "<f4").view(XYZ).reshape(size[1], size[0])
        frame = self._frame_id or scan.depth.frame_id
        return PointCloud(points, scan.depth.stamp_ns, frame)


def _is_still(view: View) -> bool:
    """Whether what is near lies in the same pixel of two images of one camera."""
    T, focal_px = view.T_camera_cloud, view.camera.fx
    turned_px = rotation_angle(T[:3, :3]) * focal_px
    moved_px = float(np.linalg.norm(T[:3, 3])) * focal_px / _NEAR_M
    return turned_px + moved_px < _SAME_PIXEL_PX


def _lens(calibration: Calibration | None) -> CameraModel | None:
    """The lens of a depth image's own camera_info; None where there is none that can be used."""
    if calibration is None:
        return None
    try:
        return CameraModel.from_calibration(calibration)
    except CalibrationError:
        return None

"""Mistakes that people make, each as a change of the calibration under which pictures would fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import WIDEST, Evidence
from seg_perception.alignment.lens_search import search_lens
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.sums import Sums
from seg_perception.calibration.shift_search import search_shift
from seg_perception.config import CameraConfig
from seg_perception.core.errors import TransformError
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.pipeline.camera_correction import correction_of
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY, optical_axes

Matrix = NDArray[np.float64]

# Camera and lidar of one robot are not farther apart.
_LARGEST_ROBOT_M = 20.0


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One mistake, or two.

    Attributes:
        causes: words for machines: `frame`, `inverted`, `cropped`, `lens`; none for no mistake.
        text: what would be wrong.
        mend: what to do about it.
        change: float64 (4, 4), applied to the scans in the optical frame.
        steps: of the time offsets, that the camera's clock is off.
        shift_px: added to the principal point (pixel of the pictures).
        parameters: what mends it, ready to paste.
    """

    causes: tuple[str, ...] = ()
    text: str = ""
    mend: str = ""
    change: Matrix = field(default_factory=lambda: np.eye(4))
    steps: int = 0
    shift_px: tuple[float, float] = (0.0, 0.0)
    parameters: dict[str, Any] = field(default_factory=dict)

    def placed(self, evidence: Evidence) -> Evidence:
        """The edges where they would lie if it were so, but for the shift."""
        at = evidence.middle + self.steps
        return evidence.placed(at, self.change, WIDEST)

    def sums(self, evidence: Evidence) -> Sums:
        """What the pictures say if it were so."""
        return self.placed(evidence).shifted_sums([self.shift_px])

    def after(self, first: Hypothesis) -> Hypothesis:
        """Both mistakes at once; `first` is the one nearer to the sensors."""
        both = [part for part in (first, self) if part.causes]
        return Hypothesis(
            causes=first.causes + self.causes,
            text=", and ".join(part.text for part in both),
            mend="; ".join(part.mend for part in both),
            change=self.change @ first.change,
            steps=self.steps + first.steps,
            shift_px=(
                self.shift_px[0] + first.shift_px[0],
                self.shift_px[1] + first.shift_px[1],
            ),
            parameters={**first.parameters, **self.parameters},
        )


def wrong_transforms(
    observation: Observation, camera: CameraConfig, static_transforms: Sequence[StampedTransform]
) -> list[Hypothesis]:
    """Everything but a cut image: the frame's axes, inverted transforms, both; simplest first."""
    axes = _other_axes(observation.camera, camera)
    inverted = list(_inverted(observation, camera, static_transforms))
    return [axes, *inverted, *(axes.after(one) for one in inverted)]


def cropped(evidence: Evidence, camera: CameraConfig, first: Hypothesis) -> Hypothesis | None:
    """The shift of the principal point that fits best, on top of another mistake; None: no one."""
    shift_px = search_shift(evidence, first.change)
    if shift_px is None:
        return None
    return _shifted(evidence.observations[0], camera, shift_px).after(first)


def other_lens(evidence: Evidence) -> Hypothesis | None:
    """Another focal length, where the pictures surely belong to one; None: no one."""
    found = search_lens(evidence)
    if not found.is_another:
        return None
    seen = evidence.observations[0]
    focal_px = found.focal * seen.camera_model.fx * seen.sensor_px[0]
    return Hypothesis(
        causes=("lens",),
        text=f"its focal length is {focal_px:.0f} px, {found.focal:.2f} times camera_info's",
        mend="calibrate the lens, or name the camera_info or the "
        f"camera.{seen.camera}.calibration_file that belongs to it",
        change=found.change,
    )


def _shifted(
    observation: Observation, camera: CameraConfig, shift_px: tuple[float, float]
) -> Hypothesis:
    offset = [
        round(before + shift * scale, 1) + 0.0
        for before, shift, scale in zip(
            camera.principal_point_offset_px, shift_px, observation.sensor_px, strict=True
        )
    ]
    camera_model = observation.camera_model
    right, down = (
        np.degrees(np.arctan(shift / focal))
        for shift, focal in zip(shift_px, (camera_model.fx, camera_model.fy), strict=True)
    )
    return Hypothesis(
        causes=("cropped",),
        text=(
            f"the picture lies {offset[0]:+g} px across and {offset[1]:+g} px down from where "
            "camera_info has it: it was cut, and camera_info does not say so (or the camera is "
            f"mounted {abs(right):.1f} deg to the side and {abs(down):.1f} deg up or down of what "
            "tf says)"
        ),
        mend=f"set camera.{observation.camera}.principal_point_offset_px: {offset}",
        shift_px=shift_px,
        parameters={f"camera.{observation.camera}.principal_point_offset_px": offset},
    )


def _other_axes(name: str, camera: CameraConfig) -> Hypothesis:
    """The other convention; a correction that is set applies after it, as ever."""
    C = correction_of(camera).T
    key = f"camera.{name}.frame_convention"
    if camera.frame_convention == "optical":
        return Hypothesis(
            causes=("frame",),
            text="its frame is a body frame (x forward), and is taken for an optical one",
            mend=f"set {key}: body",
            change=C @ T_OPTICAL_BODY @ np.linalg.inv(C),
            parameters={key: "body"},
        )
    return Hypothesis(
        causes=("frame",),
        text="its frame is an optical one (z forward), and is taken for a body frame",
        mend=f"set {key}: optical",
        change=C @ T_OPTICAL_BODY.T @ np.linalg.inv(C),
        parameters={key: "optical"},
    )


def _inverted(
    observation: Observation, camera: CameraConfig, static_transforms: Sequence[StampedTransform]
) -> Iterator[Hypothesis]:
    """Each static transform between lidar and camera the other way round."""
    axes = correction_of(camera).T @ optical_axes(camera.frame_convention)
    as_given = _static_pose(observation, static_transforms)
    if as_given is None:
        return
    for one in static_transforms:
        turned = StampedTransform(one.parent, one.child, one.stamp_ns, _inverse(one.T_parent_child))
        otherwise = _static_pose(
            observation, [turned if m is one else m for m in static_transforms]
        )
        if otherwise is None or np.allclose(otherwise, as_given, atol=1e-6):
            continue
        if np.linalg.norm(otherwise[:3, 3]) > _LARGEST_ROBOT_M:
            continue
        yield Hypothesis(
            causes=("inverted",),
            text=f"the static transform {one.parent} <- {one.child} is inverted",
            mend=(
                "invert it where it is published: swap parent and child, or give the inverse "
                "rotation and translation"
            ),
            change=axes @ otherwise @ _inverse(as_given) @ np.linalg.inv(axes),
        )


def _inverse(T: Matrix) -> Matrix:
    inverse = np.eye(4)
    inverse[:3, :3] = T[:3, :3].T
    inverse[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return inverse


def _static_pose(
    observation: Observation, static_transforms: Sequence[StampedTransform]
) -> Matrix | None:
    """The lidar in the camera's frame by static transforms alone; None where they do not lead."""
    tree = TransformTree()
    try:
        for one in static_transforms:
            tree.set_static(one.parent, one.child, one.T_parent_child)
        return tree.lookup(*observation.frames, 0)
    except TransformError:
        return None

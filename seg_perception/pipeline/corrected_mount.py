"""What to publish in place of a corrected camera's transform, so that every node has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.correction import (
    Correction,
    static_transform_publisher,
    urdf_origin,
)
from seg_perception.geometry.quaternion import matrix_to_quaternion
from seg_perception.pipeline.frame_convention import Convention, optical_axes


@dataclass(frozen=True, eq=False)
class CorrectedMount:
    """One corrected camera.

    Attributes:
        camera: its name in the configuration.
        child, parent: its frame, and the one that tf has it in; the parent is empty where no
            static transform has it.
        T_parent_child: float64 (4, 4), metre, corrected; None where it can't be told.
        problem: why not; and what else stands in the way.
    """

    camera: str
    child: str
    parent: str
    T_parent_child: NDArray[np.float64] | None
    problem: str = ""

    @property
    def lines(self) -> list[str]:
        """For people."""
        T = self.T_parent_child
        if T is None:
            return [f"camera {self.camera} is corrected, and {self.problem}"]
        xyz = " ".join(f"{value + 0.0:.6f}" for value in T[:3, 3])
        xyzw = " ".join(f"{value + 0.0:.9f}" for value in matrix_to_quaternion(T[:3, :3]))
        edge = f"{self.parent} -> {self.child}"
        return [
            f"camera {self.camera} is corrected; for all nodes, publish in place of {edge}",
            f"    xyz {xyz}, quaternion xyzw {xyzw}",
            f"    {static_transform_publisher(self.parent, self.child, T)}",
            f"or, as the origin of its joint in the URDF, {urdf_origin(T)}",
            f"then set camera.{self.camera}.correction_* to zero"
            + (f"; {self.problem}" if self.problem else ""),
        ]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        document: dict[str, Any] = {
            "camera": self.camera,
            "parent": self.parent,
            "child": self.child,
            "problem": self.problem,
        }
        T = self.T_parent_child
        if T is None:
            return document
        return {
            **document,
            "xyz_m": T[:3, 3].tolist(),
            "quaternion_xyzw": [float(value) for value in matrix_to_quaternion(T[:3, :3])],
            "static_transform_publisher": static_transform_publisher(self.parent, self.child, T),
            "urdf_origin": urdf_origin(T),
        }


def corrected_mount(
    camera: str,
    correction: Correction,
    frames: Mapping[str, str],
    convention: Convention | None,
    of_tf: tuple[str, NDArray[np.float64]] | None,
) -> CorrectedMount:
    """Work it out.

    Args:
        camera: its name.
        correction: on top of tf, all of it.
        frames: of all cameras.
        convention: which axes its frame has; None: not known.
        of_tf: its frame's parent, and T_parent_child, float64 (4, 4), metre, that tf has; None:
            no static transform has it.
    """
    frame = frames[camera]
    if of_tf is None:
        why = f"no static transform has its frame {frame!r}: there is none to publish otherwise"
        return CorrectedMount(camera, frame, "", None, why)
    parent, T_parent_child = of_tf
    if convention is None:
        why = (
            "its frame_convention is auto: set it to what a replay finds, then this says what to "
            "publish"
        )
        return CorrectedMount(camera, frame, parent, None, why)
    sharing = [name for name, other in frames.items() if other == frame and name != camera]
    problem = f"camera {sharing[0]} has the same frame, and would be moved, too" if sharing else ""
    T = correction.mounted(T_parent_child, optical_axes(convention))
    return CorrectedMount(camera, frame, parent, T, problem)

"""What to publish in place of a corrected camera's transform, so that every node has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.geometry.correction import static_transform_publisher, urdf_origin
from seg_perception.geometry.quaternion import matrix_to_quaternion
from seg_perception.inspection.facts import BagFacts
from seg_perception.pipeline.camera_correction import correction_of
from seg_perception.pipeline.frame_convention import optical_axes


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
        if self.T_parent_child is None:
            return [f"camera {self.camera} is corrected, and {self.problem}"]
        edge = f"{self.parent} -> {self.child}"
        return [
            f"camera {self.camera} is corrected; for all nodes, publish in place of {edge}",
            f"    {static_transform_publisher(self.parent, self.child, self.T_parent_child)}",
            f"or, as the origin of its joint in the URDF, {urdf_origin(self.T_parent_child)}",
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
            "quaternion_xyzw": list(matrix_to_quaternion(T[:3, :3])),
            "command": static_transform_publisher(self.parent, self.child, T),
            "urdf_origin": urdf_origin(T),
        }


def corrected_mounts(facts: BagFacts, config: Config) -> Iterator[CorrectedMount]:
    """One for each camera that the configuration corrects."""
    frames = {
        name: camera.frame_id or facts.topics[camera.image_topic].frame_id
        for name, camera in config.cameras.items()
    }
    for name, camera in config.cameras.items():
        if not correction_of(camera).is_none:
            sharing = [n for n, frame in frames.items() if frame == frames[name] and n != name]
            yield _mount(facts, config, name, frames[name], sharing)


def _mount(
    facts: BagFacts, config: Config, name: str, frame: str, sharing: list[str]
) -> CorrectedMount:
    camera = config.cameras[name]
    parent = next((edge.parent for edge in facts.edges if edge.static and edge.child == frame), "")
    if not parent:
        why = f"no static transform has its frame {frame!r}: there is none to publish otherwise"
        return CorrectedMount(name, frame, "", None, why)
    if camera.frame_convention == "auto":
        why = (
            "its frame_convention is auto: set it to what a replay finds, then this says what to "
            "publish"
        )
        return CorrectedMount(name, frame, parent, None, why)
    axes = optical_axes(camera.frame_convention)
    T = facts.tree.lookup(parent, frame, 0)
    problem = f"camera {sharing[0]} has the same frame, and would be moved, too" if sharing else ""
    return CorrectedMount(name, frame, parent, correction_of(camera).mounted(T, axes), problem)

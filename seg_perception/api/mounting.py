"""Whether a cloud speaks against the transform that it is painted with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.api.camera import Camera
from seg_perception.api.motion import inverse
from seg_perception.config import TransferConfig
from seg_perception.core.errors import TransformError
from seg_perception.fusion.projection import Range
from seg_perception.geometry.camera import CameraModel
from seg_perception.pipeline.frame_convention import (
    FEWEST_POINTS,
    Trial,
    decide_at_once,
    try_conventions,
)

Matrix = NDArray[np.float64]


def expect_optical(
    name: str, camera: Camera, T: Matrix, xyz: NDArray[np.float32], config: TransferConfig
) -> None:
    """Refuse a transform into a body frame, or one that leads the other way.

    By the rules of `frame_convention: auto`, on this one cloud, whose z is taken to be up: as a
    body frame the picture stands upright, and ten times as many points lie in it; or it stands
    upright and has points under the inverse, and in no reading of what was given. A camera whose
    convention was said is not tested.

    Args:
        name: of the transform, for the sentence.
        camera: before which the cloud lies.
        T: float64 (4, 4), the cloud into the camera's frame.
        xyz: float32 (N, 3), metre.
        config: what counts as a point.

    Raises:
        TransformError: with the likely mistake.
    """
    if camera.convention is not None:
        return
    lens = CameraModel.from_calibration(camera.calibration, rectified=camera.config.rectified)
    ranges = Range(config.min_range_m, config.max_range_m)
    trial = try_conventions(xyz, ranges, lens, T, T[:3, 2])
    if decide_at_once([trial]).convention == "body":
        mend = "it leads into a body frame (x forward): pass Camera(..., frame_convention='body')"
        raise TransformError(_sentence(name, trial.in_image, mend))
    back = inverse(T)
    other = try_conventions(xyz, ranges, lens, back, back[:3, 2])
    if _is_inverse(trial, other):
        counts = {"optical": trial.in_image["optical"], "inverse": other.in_image["optical"]}
        mend = f"it leads the other way: pass np.linalg.inv({name})"
        raise TransformError(_sentence(name, counts, mend))


def _is_inverse(trial: Trial, other: Trial) -> bool:
    """Whether the picture stands upright under the inverse alone, and points lie in it."""
    stands = trial.is_upright("optical") or trial.is_upright("body")
    enough = other.in_image["optical"] >= FEWEST_POINTS
    return enough and other.is_upright("optical") and not stands


def _sentence(name: str, counts: Mapping[Any, int], mend: str) -> str:
    found = " and ".join(f"{count} ({way})" for way, count in counts.items())
    return (
        f"{name}: expected the lidar's points in the camera's optical frame (z forward, x right), "
        f"got a transform with which {found} of them lie in the image; {mend}; where it is right, "
        "say Camera(..., frame_convention='optical')"
    )

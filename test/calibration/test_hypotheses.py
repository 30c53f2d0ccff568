"""Usual mistakes as changes of a calibration, worked out by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from boxes import boxes, observation

from seg_perception.alignment.evidence import Evidence
from seg_perception.calibration.hypotheses import other_lens, wrong_transforms
from seg_perception.config import Config
from seg_perception.core.errors import ConventionError
from seg_perception.geometry.correction import Correction
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY, optical_axes
from seg_perception.simulation.rig import pose_matrix

SET = Correction((0.1, -0.05, 0.2), (1.0, -2.0, 3.0))
MOUNT = pose_matrix(np.array([0.3, 0.1, -0.2]), 0.1, -0.2, 0.4)


def camera(**changes):
    parameters = {"cameras": ["front"], "camera.front.image_topic": "/image"}
    config = Config.from_parameters(parameters)
    return config.cameras["front"].model_copy(update=changes)


@pytest.mark.parametrize("convention", ["optical", "body"])
def test_each_mistake_is_undone_beneath_a_correction_that_is_set(convention):
    """corrected @ axes @ tf: a mistake in the latter two is seen through the correction."""
    edge = StampedTransform("camera", "lidar", 0, MOUNT)
    seen = SimpleNamespace(camera="front", frames=("camera", "lidar"))
    set_up = camera(
        frame_convention=convention, correction_xyz_m=SET.xyz_m, correction_rpy_deg=SET.rpy_deg
    )
    axes, inverted, both = wrong_transforms(seen, set_up, [edge])
    given = optical_axes(convention)
    other = optical_axes("body" if convention == "optical" else "optical")
    as_given = SET.T @ given @ MOUNT
    assert axes.change @ as_given == pytest.approx(SET.T @ other @ MOUNT)
    assert inverted.change @ as_given == pytest.approx(SET.T @ given @ np.linalg.inv(MOUNT))
    assert both.change @ as_given == pytest.approx(SET.T @ other @ np.linalg.inv(MOUNT))
    assert (axes.causes, inverted.causes, both.causes) == (
        ("frame",),
        ("inverted",),
        ("inverted", "frame"),
    )


def test_axes_that_are_not_known_are_not_taken_for_optical_ones():
    assert optical_axes("body") is T_OPTICAL_BODY
    for unknown in ("auto", None):
        with pytest.raises(ConventionError, match="expected optical or body, got"):
            optical_axes(unknown)


def test_another_lens_is_named_in_pixels_of_the_sensor():
    seen = [observation(*boxes(seed)) for seed in range(4)]
    assert other_lens(Evidence(seen)) is None
    k = np.array([[192.0, 0, 160], [0, 192.0, 100], [0, 0, 1]])  # of the true 240 px
    # The pictures were reduced to half the sensor's width.
    given = [
        replace(one, calibration=replace(one.calibration, k=k), sensor_px=(2.0, 2.0))
        for one in seen
    ]
    found = other_lens(Evidence(given))
    assert found.causes == ("lens",)
    focal_px = float(found.text.split()[4])
    assert focal_px == pytest.approx(480, rel=0.015)
    assert "1.25 times camera_info's" in found.text
    # Under it, the pictures fit as well as with the true lens.
    as_if = found.sums(Evidence(given)).scores
    assert as_if[0] > 0.9 * Evidence(seen).sums([np.eye(4)]).scores[0]

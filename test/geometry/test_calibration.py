"""Sizes that an image and its calibration do not share, and why."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.types import Calibration, RegionOfInterest
from seg_perception.geometry.calibration import why_sizes_differ

ROI = RegionOfInterest(100, 100, 320, 240)


@pytest.mark.parametrize(
    ("sensor", "binning", "roi", "image", "cause"),
    [
        # Its driver has divided width, height and K by 2, and says binning 2 as well.
        ((640, 480), 2, RegionOfInterest(), (640, 480), "binning 2x2 counts again"),
        ((640, 480), 0, ROI, (640, 480), "the roi of 320x240 is not what the images show"),
        ((640, 480), 2, ROI, (320, 240), "the images are not binned, binning 2x2 says so"),
        ((1920, 1200), 0, RegionOfInterest(), (960, 600), "scaled by 0.5, and it was not"),
        # 1920 / 1.7 is no whole number.
        ((1920, 1200), 0, RegionOfInterest(), (1129, 706), "scaled by 0.588"),
    ],
)
def test_a_size_that_differs_has_a_likely_cause(
    sensor: tuple[int, int],
    binning: int,
    roi: RegionOfInterest,
    image: tuple[int, int],
    cause: str,
) -> None:
    calibration = Calibration(*sensor, np.eye(3), binning_x=binning, binning_y=binning, roi=roi)
    assert cause in why_sizes_differ(calibration, *image)


def test_a_size_of_another_camera_has_none() -> None:
    assert why_sizes_differ(Calibration(1920, 1200, np.eye(3)), 640, 480) == ""

"""From frames to label maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import CalibrationError, SizeMismatchError
from seg_perception.core.types import Calibration, CameraFrame, RegionOfInterest
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import Engine, create_engine
from seg_perception.inference.reading import Segmentation
from seg_perception.inference.segmenter import Segmenter

if TYPE_CHECKING:
    from conftest import ColourModel, MakeBundle, Stripes


def segmenter(make_bundle: MakeBundle, **settings: Any) -> Segmenter:
    config = SegmentationConfig(**settings)
    return Segmenter(create_engine(make_bundle(), config), config)


def frame(image: NDArray[np.uint8], calibration: Calibration | None = None) -> CameraFrame:
    return CameraFrame("front", image, 123, "front_optical", calibration)


def make_calibration(width: int, height: int, **changes: Any) -> Calibration:
    k = np.array([[40.0, 0, width / 2 - 0.5], [0, 40.0, height / 2 - 0.5], [0, 0, 1]])
    return Calibration(width, height, k, **changes)


def test_stamp_and_frame_go_with_the_labels(make_bundle: MakeBundle, stripes: Stripes) -> None:
    label_map = segmenter(make_bundle).segment(frame(stripes[0]))
    assert (label_map.camera, label_map.stamp_ns) == ("front", 123)
    assert label_map.frame_id == "front_optical"
    assert label_map.calibration is None
    np.testing.assert_array_equal(label_map.labels, stripes[1])
    assert label_map.confidence.min() == 200


def test_a_larger_image_is_stretched_and_its_calibration_with_it(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    """48x16 onto 16x8: fx a third, fy a half, the centre stays the centre."""
    large = stripes[0].repeat(3, axis=1).repeat(2, axis=0)
    label_map = segmenter(make_bundle).segment(frame(large, make_calibration(48, 16)))
    np.testing.assert_array_equal(label_map.labels, stripes[1])
    calibration = label_map.calibration
    assert calibration is not None
    assert (calibration.width, calibration.height) == (16, 8)
    np.testing.assert_allclose(
        calibration.k, [[40 / 3, 0, 7.5], [0, 20, 3.5], [0, 0, 1]], atol=1e-12
    )


def test_output_size_input_publishes_at_the_size_of_the_image(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    large = stripes[0].repeat(3, axis=1).repeat(2, axis=0)
    label_map = segmenter(make_bundle, output_size="input").segment(
        frame(large, make_calibration(48, 16))
    )
    np.testing.assert_array_equal(label_map.labels, stripes[1].repeat(3, axis=1).repeat(2, axis=0))
    assert label_map.confidence.shape == (16, 48)
    assert label_map.calibration is not None
    np.testing.assert_allclose(label_map.calibration.k, make_calibration(48, 16).k)


def test_the_picture_goes_with_labels_whose_pixels_are_its_own(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    """Stretched, every pixel of the picture has a label; enlarged, the labels have other pixels."""
    large = stripes[0].repeat(3, axis=1).repeat(2, axis=0)
    usual, enlarged = SegmentationConfig(), SegmentationConfig(output_size="input")
    engine = create_engine(make_bundle(), usual)
    picture = Segmenter(engine, usual).segment(frame(large)).picture
    assert picture is not None
    np.testing.assert_array_equal(picture, stripes[0])
    assert Segmenter(engine, enlarged).segment(frame(large)).picture is None


def test_the_steps_give_what_the_whole_gives(make_bundle: MakeBundle, stripes: Stripes) -> None:
    tried = segmenter(make_bundle, min_confidence=0.79)
    one = frame(stripes[0], make_calibration(16, 8))
    whole, steps = tried.segment(one), tried.finish(one, tried.infer(tried.prepare(one)))
    np.testing.assert_array_equal(steps.labels, whole.labels)
    np.testing.assert_array_equal(steps.confidence, whole.confidence)
    assert steps.calibration is not None
    assert whole.calibration is not None
    assert steps.calibration.equals(whole.calibration)


@pytest.mark.parametrize(("threshold", "unknown"), [(0.0, 0), (200 / 255, 0), (0.79, 128)])
def test_doubtful_pixels_are_unknown(
    make_bundle: MakeBundle, stripes: Stripes, threshold: float, unknown: int
) -> None:
    """The network is sure to 200 of 255, that is 0.784."""
    label_map = segmenter(make_bundle, min_confidence=threshold).segment(frame(stripes[0]))
    assert np.count_nonzero(label_map.labels == 255) == unknown
    assert label_map.labels.dtype == np.uint8


def test_an_image_that_does_not_fit_its_calibration_is_refused(
    make_bundle: MakeBundle, stripes: Stripes
) -> None:
    with pytest.raises(
        SizeMismatchError, match=r"images are 16x8, camera_info describes 48x16; set camera.front"
    ) as caught:
        segmenter(make_bundle).segment(frame(stripes[0], make_calibration(48, 16)))
    assert caught.value.reason == "size_mismatch"
    assert isinstance(caught.value, CalibrationError)


@pytest.mark.parametrize(
    "calibration",
    [
        make_calibration(64, 64, roi=RegionOfInterest(x_offset=8, y_offset=20, width=16, height=8)),
        make_calibration(32, 16, binning_x=2, binning_y=2),
    ],
    ids=["roi", "binning"],
)
def test_roi_and_binning_make_the_size(
    make_bundle: MakeBundle, stripes: Stripes, calibration: Calibration
) -> None:
    label_map = segmenter(make_bundle).segment(frame(stripes[0], calibration))
    assert label_map.calibration is not None
    assert label_map.calibration.roi == RegionOfInterest()
    assert (label_map.calibration.width, label_map.calibration.height) == (16, 8)


def test_what_is_known_is_asked_of_the_turned_picture_too_once_a_second(
    tmp_path: Path, colour_model: ColourModel, stripes: Stripes
) -> None:
    """As the same network answers, when the picture comes turned."""
    known = tmp_path / "pictures"
    known.mkdir()
    rng = np.random.default_rng(0)
    for number in range(60):
        noise = rng.integers(-20, 20, stripes[0].shape)
        picture = np.clip(stripes[0].astype(np.int16) + noise, 0, 255).astype(np.uint8)
        assert cv2.imwrite(str(known / f"{number}.png"), picture[..., ::-1])
    config = SegmentationConfig()
    bundle = Bundle.load(colour_model.familiar(tmp_path, known, 16, 8))
    spied = Spied(create_engine(bundle, config))
    asked = Segmenter(spied, config)
    first, second = asked.segment(frame(stripes[0])), asked.segment(frame(stripes[0]))
    assert [image.tolist() for image in spied.asked] == [
        stripes[0].tolist(),
        stripes[0][::-1, ::-1].tolist(),
        stripes[0].tolist(),
    ]
    # Means of colours are the same either way.
    assert first.distance is not None
    assert first.turned == pytest.approx(first.distance.whole)
    assert second.turned is None


class Spied:
    """Remembers what an engine was asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.bundle, self.description = engine.bundle, engine.description
        self.asked: list[NDArray[np.uint8]] = []

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        self.asked.append(image)
        return self._engine.infer(image)

    def close(self) -> None:
        self._engine.close()

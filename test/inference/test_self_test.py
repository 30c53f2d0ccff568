"""An engine that is wrong on this machine does not pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.inference.self_test import Thresholds, self_test

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes

    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.bundle_writer import BundleSource

THRESHOLDS = Thresholds()
Fault = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


class Rigged:
    """Gives the right labels of a bundle of stripes, after a fault."""

    description = "rigged"

    def __init__(self, bundle: Bundle, fault: Fault) -> None:
        self.bundle = bundle
        self.fault = fault

    def infer(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        labels = self.fault(image.argmax(axis=2).astype(np.uint8))
        return labels, np.full(labels.shape, 255, np.uint8)

    def close(self) -> None:
        """Nothing to free."""


def two_frames(stripes: Stripes) -> list[Any]:
    image, labels = stripes
    return [stripes, (image[:, ::-1].copy(), labels[:, ::-1].copy())]


def off_by(pixels: int) -> Fault:
    def fault(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        wrong = labels.copy()
        wrong.ravel()[:pixels] = (wrong.ravel()[:pixels] + 1) % 3
        return wrong

    return fault


def test_equal_labels_pass(make_bundle: MakeBundle, stripes: Stripes) -> None:
    result = self_test(Rigged(make_bundle(golden=two_frames(stripes)), off_by(0)), THRESHOLDS)
    assert result.passed
    assert result.validated
    assert result.agreement == 1.0
    assert result.detail == "100.00% equal labels on the worst of 2 golden frames"
    assert result.duration_s > 0


@pytest.mark.parametrize(("pixels", "passed"), [(12, True), (13, False)])
def test_the_threshold_is_the_share_of_equal_pixels(
    make_bundle: MakeBundle, pixels: int, *, passed: bool
) -> None:
    """12 of 128 pixels wrong are 90.6 % right, 13 are 89.8 %."""
    result = self_test(Rigged(make_bundle(), off_by(pixels)), Thresholds(min_agreement=0.9))
    assert result.passed is passed
    assert result.agreement == pytest.approx(1 - pixels / 128)


def test_one_wrong_frame_among_right_ones_fails(make_bundle: MakeBundle, stripes: Stripes) -> None:
    def second_only(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return labels if labels[0, 0] == 0 else np.zeros_like(labels)

    result = self_test(
        Rigged(make_bundle(golden=two_frames(stripes)), second_only), Thresholds(0.6)
    )
    assert not result.passed
    assert result.detail == (
        "31.25% equal labels on the worst of 2 golden frames (golden/01.png), expected 60.00%"
    )


def test_one_class_everywhere_fails_at_any_threshold(make_bundle: MakeBundle) -> None:
    result = self_test(Rigged(make_bundle(), np.ones_like), Thresholds(0.0))
    assert not result.passed
    assert "but one class alone" in result.detail


@pytest.mark.parametrize(("expected", "passed"), [(243, True), (242, False)])
def test_the_confidence_is_compared_where_the_bundle_has_it(
    make_bundle: MakeBundle, stripes: Stripes, expected: int, *, passed: bool
) -> None:
    """255 for 243 is an error of 4.7 %, for 242 of 5.1 %."""
    confidence = np.full(stripes[1].shape, expected, np.uint8)
    result = self_test(Rigged(make_bundle(golden=[(*stripes, confidence)]), off_by(0)), THRESHOLDS)
    assert result.passed is passed
    assert passed or "confidence is off by 5.1%, expected at most 5.0%" in result.detail


def test_a_failing_engine_is_a_verdict(make_bundle: MakeBundle) -> None:
    def fault(_: NDArray[np.uint8]) -> NDArray[np.uint8]:
        msg = "tensor 'logits' is not finite"
        raise EngineError(msg)

    result = self_test(Rigged(make_bundle(), fault), THRESHOLDS)
    assert not result.passed
    assert not result.validated
    assert result.agreement is None
    assert result.detail == "tensor 'logits' is not finite"


def test_without_golden_frames_the_engine_runs_once_and_is_not_proven(
    make_bundle: MakeBundle, foreign: BundleSource
) -> None:
    seen: list[tuple[int, ...]] = []

    def look(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        seen.append(labels.shape)
        return labels

    result = self_test(Rigged(make_bundle(foreign), look), THRESHOLDS)
    assert seen == [(8, 16)]
    assert result.passed
    assert not result.validated
    assert result.detail == "not validated: no golden frames"

"""What is wrong with a calibration, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from seg_perception.calibration.agreement import FEWEST, Agreement, Evidence
from seg_perception.calibration.hypotheses import (
    Hypothesis,
    cropped,
    is_cropped,
    wrong_transforms,
)
from seg_perception.calibration.observations import Observation
from seg_perception.calibration.sensitivity import Curve, sensitivity
from seg_perception.config import CameraConfig
from seg_perception.geometry.transforms import StampedTransform

# A mistake has to explain the bag better than what was given by this many standard errors; one
# that was searched for among many by more.
_CLEARLY, _CLEARLY_AMONG_MANY = 4.0, 5.0
_ANYTHING_IN_VIEW = 2 * FEWEST


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found for one camera.

    Attributes:
        level: `good`; `off` by a little; `wrong` by one of the usual mistakes, or altogether;
            `undecided` where the bag can't tell.
        causes: `frame`, `inverted`, `cropped`, `no_overlap`, or names of axes.
        sentence: the same in words, with the mend.
        parameters: what mends it, ready to paste.
        given: the agreement of the calibration as given.
        curves: what small errors do to it; empty where there is no agreement.
        mended: the calibration under which the bag fits, where that is another one.
        mended_agreement: how well.
    """

    level: Literal["good", "off", "wrong", "undecided"]
    causes: tuple[str, ...]
    sentence: str
    given: Agreement
    curves: Sequence[Curve] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mended: Hypothesis | None = None
    mended_agreement: Agreement | None = None


def diagnose(
    evidence: Evidence, camera: CameraConfig, static_transforms: Sequence[StampedTransform]
) -> Diagnosis:
    """Find out whether a calibration holds, and if not, why.

    Args:
        evidence: of one camera.
        camera: its parameters.
        static_transforms: the static transforms of the bag.
    """
    given, observation = evidence.agreement(), evidence.observations[0]
    mounted = wrong_transforms(observation, camera, static_transforms)
    if mistake := _clearest(evidence, mounted, given, _CLEARLY):
        return _wrong(*mistake, given)
    curves = sensitivity(evidence) if given.is_certain else []
    off = [curve for curve in curves if curve.is_off]
    if not off and any(curve.tells for curve in curves if curve.axis.unit == "deg"):
        return Diagnosis("good", (), _good(given, curves), given, curves)
    cut = [cropped(evidence, camera, first) for first in (Hypothesis(), mounted[0])]
    cut = [one for one in cut if is_cropped(one, observation)]
    if mistake := _clearest(evidence, cut, given, _CLEARLY_AMONG_MANY):
        return _wrong(*mistake, given)
    if off:
        return _off(given, curves, off)
    if given.count < FEWEST:
        return _out_of_view(evidence, mounted, given)
    return _undecided(observation, given)


def nothing_to_compare(why: str) -> Diagnosis:
    """The diagnosis of a camera of which the bag gave nothing to compare."""
    nothing = np.zeros(0)
    return Diagnosis("undecided", (), why, Agreement(nothing, nothing, nothing))


def _clearest(
    evidence: Evidence, mistakes: Sequence[Hypothesis], given: Agreement, sigmas: float
) -> tuple[Hypothesis, Agreement] | None:
    """The first that is clearly better than the calibration as given, or one clearly better yet."""
    best: tuple[Hypothesis, Agreement] | None = None
    standard = given
    for mistake in mistakes:
        measured = mistake.measure(evidence)
        margin = sigmas * float(np.hypot(measured.std, standard.std))
        if measured.is_certain and measured.value > standard.value + margin:
            best, standard = (mistake, measured), measured
    return best


def _out_of_view(evidence: Evidence, mounted: Sequence[Hypothesis], given: Agreement) -> Diagnosis:
    """Nothing lies before the camera: the simplest mistake that brings points before it."""
    for mistake in mounted:
        measured = mistake.measure(evidence)
        if measured.count >= _ANYTHING_IN_VIEW:
            sentence = (
                f"of the scans' depth edges {given.count} lie before it as given, but "
                f"{measured.count} if {mistake.text}, which is probable; {mistake.mend}"
            )
            return replace(_wrong(mistake, measured, given), sentence=sentence)
    camera_frame, lidar_frame = evidence.observations[0].frames
    sentence = (
        f"no depth edge of the scans lies before it; check tf between {camera_frame} and "
        f"{lidar_frame}, and whether the lidar sees what the camera sees within 60 m"
    )
    return Diagnosis("wrong", ("no_overlap",), sentence, given)


def _wrong(mistake: Hypothesis, measured: Agreement, given: Agreement) -> Diagnosis:
    sentence = (
        f"{mistake.text}: agreement {_figure(given)} as given, {_figure(measured)} otherwise; "
        f"{mistake.mend}"
    )
    return Diagnosis(
        level="wrong",
        causes=mistake.causes,
        sentence=sentence,
        given=given,
        parameters=mistake.parameters,
        mended=mistake,
        mended_agreement=measured,
    )


def _good(given: Agreement, curves: Sequence[Curve]) -> str:
    known = ", ".join(
        f"{c.axis.name} {c.peak:+.2f} ± {2 * c.peak_std:.2f} {c.axis.unit}"
        for c in curves
        if c.tells
    )
    silent = ", ".join(c.axis.name for c in curves if not c.tells)
    text = (
        f"the calibration holds: agreement {_figure(given)}, highest at {known or 'the given one'}"
    )
    return text + (f"; of {silent} this bag says nothing" if silent else "")


def _off(given: Agreement, curves: Sequence[Curve], off: Sequence[Curve]) -> Diagnosis:
    by_gain = sorted(off, key=lambda c: c.values.max() - given.value, reverse=True)
    parts = " or ".join(
        f"{c.axis.name} {c.peak:+.2f} ± {2 * c.peak_std:.2f} {c.axis.unit}" for c in by_gain
    )
    sentence = (
        f"off by a little: agreement {_figure(given)} as given, higher with {parts} (which may "
        "stand for each other); calibrate again, and if the robot turned run "
        "`seg-perception estimate-offset` first"
    )
    return Diagnosis("off", tuple(c.axis.name for c in by_gain), sentence, given, curves)


def _undecided(observation: Observation, given: Agreement) -> Diagnosis:
    sentence = (
        f"can't tell: agreement {_figure(given)} of {given.count} depth edges of "
        f"{observation.lidar}: too little to tell from chance or to show small errors, as given "
        "and with each of the usual mistakes; record some minutes among trunks, poles or people "
        "within 30 m, or give better labels"
    )
    return Diagnosis("undecided", (), sentence, given)


def _figure(found: Agreement) -> str:
    return f"{found.value:.3f} ± {2 * found.std:.3f}"

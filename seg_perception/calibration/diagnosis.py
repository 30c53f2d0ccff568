"""What is wrong with a calibration, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.rotation_search import search_rotation
from seg_perception.alignment.verdict import LEAST_EDGES, RECORD, judge
from seg_perception.calibration.finding import Finding, find
from seg_perception.calibration.hypotheses import (
    Hypothesis,
    cropped,
    other_lens,
    wrong_transforms,
)
from seg_perception.config import CameraConfig
from seg_perception.geometry.transforms import StampedTransform

_ANYTHING_IN_VIEW = 2 * LEAST_EDGES


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found for one camera.

    Attributes:
        level: `good`; `off` by a turn, a move or a clock; `wrong` by one of the usual mistakes,
            or altogether; `undecided` where the bag can't tell.
        causes: `frame`, `inverted`, `cropped`, `lens`, `no_overlap`, or names of components.
        sentence: the same in words, with the mend.
        finding: the best place and clock; None where nothing could be compared.
        parameters: what mends a mistake, ready to paste.
        mended: the calibration under which the bag fits, where that is another one.
    """

    level: Literal["good", "off", "wrong", "undecided"]
    causes: tuple[str, ...]
    sentence: str
    finding: Finding | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mended: Hypothesis | None = None


def diagnose(
    evidence: Evidence,
    camera: CameraConfig,
    static_transforms: Sequence[StampedTransform],
    *,
    only_turn: bool = False,
) -> Diagnosis:
    """Find out whether a calibration holds, and if not, why.

    Args:
        evidence: of one camera.
        camera: its parameters.
        static_transforms: the static transforms of the bag.
        only_turn: no move is looked for.
    """
    finding = find(evidence, only_turn=only_turn)
    level, doubts = finding.judge()
    if level == "good":
        return Diagnosis("good", (), f"the calibration holds: {finding.figures}", finding)
    lens = other_lens(evidence)
    if level == "off":
        return (
            _wrong(lens, finding)
            if lens and _fits_better(lens, evidence, finding)
            else _off(finding)
        )
    search = finding.search
    mounted = wrong_transforms(evidence.observations[0], camera, static_transforms)
    mistake = _mounting(evidence, mounted) or lens or _cut(evidence, camera, mounted[0])
    if mistake:
        return _wrong(mistake, finding)
    if search.edges < LEAST_EDGES:
        return _out_of_view(evidence, mounted, finding)
    return Diagnosis("undecided", (), f"can't tell: {'; '.join(doubts)}; {RECORD}", finding)


def nothing_to_compare(why: str) -> Diagnosis:
    """The diagnosis of a camera of which the bag gave nothing to compare."""
    return Diagnosis("undecided", (), why)


def _fits_better(mistake: Hypothesis, evidence: Evidence, finding: Finding) -> bool:
    """Whether the pictures fit a mistake better than the place that was found."""
    place = Hypothesis(change=finding.change, steps=finding.clock_steps)
    return bool(mistake.sums(evidence).scores[0] > place.sums(evidence).scores[0])


def _mounting(evidence: Evidence, mounted: Sequence[Hypothesis]) -> Hypothesis | None:
    """The mistake of the mounting under which a search speaks, the clearest of several."""
    found: list[tuple[float, Hypothesis]] = []
    for mistake in mounted:
        placed = evidence.placed(as_if=mistake.change)
        if placed.sums([np.eye(4)]).edges[0] < LEAST_EDGES:
            continue
        search = search_rotation(placed)
        if judge(search)[0] != "undecided":
            found.append((search.window.z, mistake))
    return max(found, key=lambda one: one[0])[1] if found else None


def _cut(evidence: Evidence, camera: CameraConfig, axes: Hypothesis) -> Hypothesis | None:
    """A cut image, with the axes as given or the other ones."""
    cuts = (cropped(evidence, camera, first) for first in (Hypothesis(), axes))
    return next((cut for cut in cuts if cut is not None), None)


def _out_of_view(evidence: Evidence, mounted: Sequence[Hypothesis], finding: Finding) -> Diagnosis:
    """Nothing lies before the camera: the simplest mistake that brings edges before it."""
    edges_given = finding.search.edges
    for mistake in mounted:
        edges = int(evidence.placed(as_if=mistake.change).sums([np.eye(4)]).edges[0])
        if edges >= _ANYTHING_IN_VIEW:
            sentence = (
                f"of the scans' edges {edges_given} lie before it as given, but {edges} if "
                f"{mistake.text}, which is probable; {mistake.mend}"
            )
            return Diagnosis(
                "wrong", mistake.causes, sentence, finding, mistake.parameters, mistake
            )
    camera_frame, lidar_frame = evidence.observations[0].frames
    sentence = (
        f"{edges_given} edges of the scans lie before it, expected {LEAST_EDGES}; check tf "
        f"between {camera_frame} and {lidar_frame}, and whether the lidar sees what the camera "
        "sees within 60 m"
    )
    return Diagnosis("wrong", ("no_overlap",), sentence, finding)


def _wrong(mistake: Hypothesis, finding: Finding) -> Diagnosis:
    sentence = f"{mistake.text}: as given the pictures fit nowhere near; {mistake.mend}"
    return Diagnosis("wrong", mistake.causes, sentence, finding, mistake.parameters, mistake)


def _off(finding: Finding) -> Diagnosis:
    sentence = (
        f"off: the pictures fit if the points are turned and moved by {finding.figures}; "
        "`seg-perception calibrate BAG --write robot.yaml` corrects it"
    )
    mended = Hypothesis(change=finding.change, steps=finding.clock_steps)
    return Diagnosis("off", finding.known, sentence, finding, mended=mended)

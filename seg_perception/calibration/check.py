"""`check-calibration`: whether camera and lidar of a bag agree about where things are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.calibration.agreement import Evidence
from seg_perception.calibration.diagnosis import Diagnosis, diagnose, nothing_to_compare
from seg_perception.calibration.hypotheses import Hypothesis
from seg_perception.calibration.labels import (
    LabelSource,
    ModelLabels,
    RecordedLabels,
    label_topics,
)
from seg_perception.calibration.observation_reader import read_observations
from seg_perception.calibration.observations import Observations
from seg_perception.calibration.pictures import Plot, curves_picture, overlay_picture
from seg_perception.calibration.sensitivity import Curve
from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import BagError, CalibrationError, ReportError
from seg_perception.core.issue_log import Issue
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.pictures import encode_png


@dataclass(frozen=True, eq=False)
class CameraCheck:
    """What was found for one camera.

    Attributes:
        camera: its name.
        observations: how many were compared.
        labels: where the labels came from: a topic, or the model.
        diagnosis: whether its calibration holds, and why not.
        pictures: files that were written.
        remarks: what is said of its lens and images, for instance which file it comes from.
    """

    camera: str
    observations: int
    labels: str
    diagnosis: Diagnosis
    pictures: tuple[Path, ...]
    remarks: tuple[Issue, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        diagnosis = self.diagnosis
        return {
            "camera": self.camera,
            "observations": self.observations,
            "labels": self.labels,
            "level": diagnosis.level,
            "causes": list(diagnosis.causes),
            "sentence": diagnosis.sentence,
            "parameters": dict(diagnosis.parameters),
            "depth_edges": diagnosis.given.count,
            "agreement": diagnosis.given.value,
            "agreement_std": diagnosis.given.std,
            "sensitivity": [_curve(curve) for curve in diagnosis.curves],
            "pictures": [str(path) for path in self.pictures],
            "issues": [issue.to_json() for issue in self.remarks],
        }


def check_calibration(
    bag: BagSource,
    config: Config,
    output: Path,
    labels: Mapping[str, str] | None = None,
    wanted: int = 24,
) -> list[CameraCheck]:
    """Compare the depth edges of the lidars' scans with the borders of labels.

    Args:
        bag: any recording that `BagReader` takes.
        config: sensors and their conventions.
        output: folder for the pictures; it is made.
        labels: label image topics by camera; other cameras' come from an earlier replay in the
            bag, or from the model.
        wanted: observations of each lidar.

    Raises:
        BagError: the bag can't be read, or lacks a topic.
        CalibrationError: no camera has anything to compare; says why.
        BundleError, EngineError: the model is needed and can't be loaded.
    """
    observations, sources = gather(bag, config, labels or {}, wanted)
    output.mkdir(parents=True, exist_ok=True)
    checks = []
    for camera, parameters in config.cameras.items():
        remarks = observations.remarks(camera)
        try:
            found = observations.expect(camera)
        except CalibrationError as error:
            if not observations.of:
                raise
            nothing = nothing_to_compare(str(error))
            checks.append(CameraCheck(camera, 0, sources[camera], nothing, (), remarks))
            continue
        evidence = Evidence(found)
        convention = observations.conventions.of(camera)
        settled = parameters.model_copy(update={"frame_convention": convention})
        diagnosis = diagnose(evidence, settled, observations.static_transforms)
        pictures = tuple(_write_pictures(output, camera, evidence, diagnosis))
        checks.append(
            CameraCheck(camera, len(found), sources[camera], diagnosis, pictures, remarks)
        )
    return checks


def gather(
    bag: BagSource,
    config: Config,
    labels: Mapping[str, str],
    wanted: int,
    offsets_s: Sequence[float] = (0.0,),
) -> tuple[Observations, Mapping[str, str]]:
    """The observations of a bag, and by camera where the labels came from.

    Raises:
        BagError, CalibrationError, BundleError, EngineError: as `check_calibration`.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(BagReader(bag))
        config = with_full_names(config, {topic.name for topic in reader.topics})
        topics = label_topics(reader, config, labels)
        source: LabelSource = RecordedLabels(topics)
        named = dict(topics)
        if set(config.cameras) - set(topics):
            if topics:
                msg = (
                    f"label images of {sorted(topics)} alone: name one for each camera, or leave "
                    "the others out with --set cameras=[...]"
                )
                raise BagError(msg)
            bundle = Bundle.load(config.segmentation.bundle)
            engine = stack.enter_context(closing(create_engine(bundle, config.segmentation)))
            source = ModelLabels(Segmenter(engine, config.segmentation))
            named = dict.fromkeys(config.cameras, f"model {bundle.manifest.name}")
        return read_observations(reader, config, source, wanted, offsets_s), named


def _write_pictures(
    folder: Path, camera: str, evidence: Evidence, diagnosis: Diagnosis
) -> list[Path]:
    """The observation with most depth edges in view, as given and mended; and the curves."""
    mended = diagnosis.mended
    counts = (mended or Hypothesis()).measure(evidence).counts
    shown = evidence.observations[int(counts.argmax())]
    pictures = {"overlay": overlay_picture(shown, Hypothesis(), f"{camera}: as given")}
    if mended is not None:
        title = f"{camera}: mended ({', '.join(mended.causes)})"
        pictures["mended"] = overlay_picture(shown, mended, title)
    if diagnosis.curves:
        pictures["curves"] = curves_picture([_plot(curve) for curve in diagnosis.curves])
    paths = []
    for name, picture in pictures.items():
        paths.append(folder / f"{camera}_{name}.png")
        write_file(paths[-1], encode_png(picture), ReportError)
    return paths


def _plot(curve: Curve) -> Plot:
    axis = curve.axis
    title = f"{axis.name} ({axis.unit}): {curve.peak:+.2f} +- {2 * curve.peak_std:.2f}"
    marks = (-axis.asked, axis.asked)
    return Plot(title, curve.amounts, curve.values, curve.stds, marks)


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "axis": curve.axis.name,
        "unit": curve.axis.unit,
        "peak": curve.peak,
        "peak_std": curve.peak_std,
        "tells": curve.tells,
        "asked": curve.axis.asked,
        "loss": curve.loss,
        "loss_std": curve.loss_std,
        "amounts": curve.amounts.tolist(),
        "agreement": curve.values.tolist(),
    }

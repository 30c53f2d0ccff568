"""Label maps of a recording: exact ones, or what the default model says, kept beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from bench.memory.recording import CAMERAS, Recording, Step
from seg_perception.config import SegmentationConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.simulation.rig import calibration

EXACT, MODEL = "exact labels", "default model"


class Labeller(Protocol):
    """Makes the label maps of a step."""

    ontology: Ontology

    def label(self, recording: Recording, step: Step, camera: int) -> LabelMap:
        """The label map of one camera's picture."""
        ...


class ExactLabels:
    """The simulator's truth, certain everywhere."""

    def __init__(self) -> None:
        """Load the ontology that the truth is written in."""
        self.ontology = Ontology.load("field")

    def label(self, recording: Recording, step: Step, camera: int) -> LabelMap:
        """The label map of one camera's picture."""
        labels, name = step.labels[camera], CAMERAS[camera]
        certain = np.full(labels.shape, 255, np.uint8)
        lens = calibration(recording.config)
        return LabelMap(name, labels, certain, step.stamp_ns, f"{name}_optical", lens)


class ModelLabels:
    """The default model's labels, at its own size, with its own confidence."""

    def __init__(self) -> None:
        """Load the bundle that comes with the package."""
        config = SegmentationConfig()
        engine = create_engine(Bundle.load(config.bundle), config)
        self.ontology = engine.bundle.ontology
        self._segmenter = Segmenter(engine, config)

    def label(self, recording: Recording, step: Step, camera: int) -> LabelMap:
        """The label map of one camera's picture."""
        name, lens = CAMERAS[camera], calibration(recording.config)
        frame = CameraFrame(name, step.rgb[camera], step.stamp_ns, f"{name}_optical", lens)
        file = recording.folder / f"model_{round(1e3 * step.time_s):06d}_{name}.npz"
        if not file.exists():
            made = self._segmenter.segment(frame)
            _save(file, made)
            return made
        with np.load(file) as kept:
            labels, confidence = kept["labels"], kept["confidence"]
        height, width = labels.shape
        made = LabelMap(name, labels, confidence, step.stamp_ns, frame.frame_id)
        return replace(made, calibration=scale_calibration(lens, width, height))


def _save(file: Path, made: LabelMap) -> None:
    unfinished = file.with_suffix(".part.npz")
    np.savez(unfinished, labels=made.labels, confidence=made.confidence)
    unfinished.rename(file)

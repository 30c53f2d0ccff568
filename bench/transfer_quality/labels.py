"""Where the label maps come from: exact ones, or what the default model says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bench.transfer_quality.recording import CAMERAS, STAMP_NS, Observation
from seg_perception.config import SegmentationConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS, CameraFrame, LabelMap
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter

EXACT, MODEL = "exact labels", "default model"


class Labeller(Protocol):
    """Makes the label maps of an observation."""

    ontology: Ontology

    def label(self, observation: Observation, camera: int) -> LabelMap:
        """The label map of one camera's picture."""
        ...


class ExactLabels:
    """The simulator's truth, certain everywhere, at the picture's size."""

    def __init__(self) -> None:
        """Load the ontology that the truth is written in."""
        self.ontology = Ontology.load("field")

    def label(self, observation: Observation, camera: int) -> LabelMap:
        """The label map of one camera's picture."""
        labels = observation.labels[camera]
        certain = np.full(labels.shape, 255, np.uint8)
        frame = frame_of(observation, camera)
        return LabelMap(
            frame.camera, labels, certain, frame.stamp_ns, frame.frame_id, frame.calibration
        )


@dataclass
class ModelLabels:
    """The default model's labels, at its own size, with its own confidence."""

    def __post_init__(self) -> None:
        """Load the bundle that comes with the package."""
        config = SegmentationConfig()
        engine = create_engine(Bundle.load(config.bundle), config)
        self.ontology = engine.bundle.ontology
        self._segmenter = Segmenter(engine, config)

    def label(self, observation: Observation, camera: int) -> LabelMap:
        """The label map of one camera's picture."""
        return self._segmenter.segment(frame_of(observation, camera))


def frame_of(observation: Observation, camera: int) -> CameraFrame:
    """A picture as a driver sends it."""
    name = CAMERAS[camera]
    stamp_ns = STAMP_NS + round(observation.picture_s * NANOSECONDS)
    return CameraFrame(
        name, observation.rgb[camera], stamp_ns, f"{name}_optical", observation.calibration
    )

from __future__ import annotations

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.simulation.training_frames import training_frames


def test_frames_are_labelled_reproducible_and_differ():
    frames = list(training_frames(seed=5, count=3, width=96, height=60))
    again = next(training_frames(seed=5, count=1, width=96, height=60))
    assert len(frames) == 3
    for rgb, labels in frames:
        assert rgb.shape == (60, 96, 3)
        assert labels.shape == (60, 96)
        assert rgb.dtype == labels.dtype == np.uint8
        assert set(np.unique(labels).tolist()) <= set(Ontology.load("field").names)
        assert len(np.unique(labels)) >= 4
    assert np.array_equal(frames[0][0], again[0])
    assert np.array_equal(frames[0][1], again[1])
    assert not np.array_equal(frames[0][1], frames[1][1])

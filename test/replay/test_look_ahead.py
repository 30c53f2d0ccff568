"""What is labelled ahead is what would be labelled in its turn."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import EngineError
from seg_perception.core.types import CameraFrame
from seg_perception.inference.preprocessing import Resize
from seg_perception.replay.look_ahead import AheadSegmenter


class Engine:
    """Labels are the first value of the image; it remembers who asked for what."""

    def __init__(self):
        manifest = SimpleNamespace(input=SimpleNamespace(resize=Resize()))
        ontology = SimpleNamespace(unknown_id=255)
        self.bundle = SimpleNamespace(
            width=4, height=2, manifest=manifest, ontology=ontology, familiarity=None
        )
        self.asked = []

    def infer(self, image):
        self.asked.append((int(image[0, 0, 0]), threading.current_thread().name))
        if image[0, 0, 0] == 13:
            msg = "broken"
            raise EngineError(msg)
        return image[..., 0], image[..., 1]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def segmenter(engine):
    segmenter = AheadSegmenter(engine, SegmentationConfig())
    yield segmenter
    segmenter.close()


def picture(value):
    return CameraFrame("front", np.full((2, 4, 3), value, np.uint8), 1, "camera")


def expect(segmenter, frame):
    labelled = segmenter.start(lambda: segmenter.infer(segmenter.prepare(frame)))
    segmenter.expect(frame.image, labelled)


def test_an_expected_image_is_labelled_once_by_the_thread_that_labels(engine, segmenter):
    image = picture(7)
    expect(segmenter, image)
    assert (segmenter.segment(image).labels == 7).all()
    ((value, thread),) = engine.asked
    assert value == 7
    assert thread.startswith("infer")


def test_another_image_than_the_expected_one_is_labelled_itself(engine, segmenter):
    first, second = picture(1), picture(2)
    expect(segmenter, first)
    assert (segmenter.segment(second).labels == 2).all()
    # An equal one is another one: it is the array that counts.
    expect(segmenter, first)
    assert (segmenter.segment(picture(1)).labels == 1).all()
    assert [value for value, _ in engine.asked] == [1, 2, 1, 1]


def test_an_engine_that_fails_ahead_fails_when_its_image_is_asked_for(segmenter):
    image = picture(13)
    expect(segmenter, image)
    with pytest.raises(EngineError, match="broken"):
        segmenter.segment(image)
    assert (segmenter.segment(picture(3)).labels == 3).all()

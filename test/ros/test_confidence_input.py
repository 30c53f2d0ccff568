"""Confidence of another process's labels, found by its stamp."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ImageError
from seg_perception.io.images import encode_pixels
from seg_perception.io.messages import Time
from seg_perception.ros import confidence_input
from seg_perception.ros.confidence_input import PATIENCE_S, ConfidenceInput

KNOWN = np.array([[True, True, False]])
VALUES = np.array([[7, 9, 11]], np.uint8)


class Subscription:
    """Stands for the one in the graph."""

    publisher_count = 1

    def __init__(self, _node, _kind, topic, receive, _qos):
        self.topic, self.receive = topic, receive


@pytest.fixture
def confidence(monkeypatch):
    monkeypatch.setattr(confidence_input, "AdaptiveSubscription", Subscription)
    monkeypatch.setattr(confidence_input, "message_class", lambda name: name)
    monkeypatch.setattr(confidence_input, "input_qos", lambda _context: None)
    camera = {"cameras": ["front"], "camera.front.image_topic": "/front/image"}
    (config,) = Config.from_parameters(camera).cameras.values()
    return ConfidenceInput(SimpleNamespace(node=None), config, lambda: None)


def hear(confidence, stamp_ns, values=VALUES):
    image = encode_pixels(values, "mono8", stamp_ns, "optical")
    confidence._subscription.receive(image)


def labels(stamp_ns, age_s=0.0):
    header = SimpleNamespace(stamp=Time.from_ns(stamp_ns))
    handle = SimpleNamespace(opened_s=time.perf_counter() - age_s)
    return SimpleNamespace(message=SimpleNamespace(header=header), handle=handle)


def test_that_of_the_same_stamp_is_taken_and_unknown_stays_unknown(confidence):
    hear(confidence, 5)
    hear(confidence, 6, VALUES + 1)
    assert confidence.of(5, KNOWN).tolist() == [[7, 9, 0]]
    assert confidence.of(6, KNOWN).tolist() == [[8, 10, 0]]
    assert confidence.of(7, KNOWN).tolist() == [[255, 255, 0]]


def test_labels_wait_for_theirs_a_moment_and_no_longer(confidence):
    assert confidence.is_awaited(labels(5))
    assert not confidence.is_awaited(labels(5, PATIENCE_S))
    hear(confidence, 6)
    assert not confidence.is_awaited(labels(5))
    assert not confidence.is_awaited(labels(6))
    assert confidence.is_awaited(labels(7))


def test_nobody_waits_for_what_nobody_publishes(confidence):
    confidence._subscription.publisher_count = 0
    assert not confidence.is_awaited(labels(5))


def test_another_size_is_one_sentence(confidence):
    hear(confidence, 5, np.zeros((2, 3), np.uint8))
    with pytest.raises(ImageError, match="expected the labels' 3x1 mono8, got 3x2 mono8; let one"):
        confidence.of(5, KNOWN)

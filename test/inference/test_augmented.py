from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.core.types import CameraFrame
from seg_perception.inference.augmented import AugmentedSegmenter, ViewPlan
from seg_perception.inference.preprocessing import Resize, make_preprocessing

WIDTH, HEIGHT = 8, 4


class Brightest:
    """Labels each pixel by its brightest channel, as sure as that channel is bright."""

    def __init__(self, resize: Resize | None = None) -> None:
        manifest = SimpleNamespace(class_count=3, input=SimpleNamespace(resize=resize or Resize()))
        self.bundle: Any = SimpleNamespace(width=WIDTH, height=HEIGHT, manifest=manifest)
        self.description = "test"
        self.seen: list[np.ndarray] = []

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert image.flags["C_CONTIGUOUS"]
        self.seen.append(image)
        return image.argmax(axis=2).astype(np.uint8), image.max(axis=2)

    def close(self) -> None: ...


def stripes(width: int, height: int) -> np.ndarray:
    labels = np.arange(width) * 3 // width
    return np.broadcast_to(np.eye(3, dtype=np.uint8)[labels] * 200, (height, width, 3)).copy()


def labels_of(plan: ViewPlan, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, Brightest]:
    engine = Brightest()
    labels, confidence = AugmentedSegmenter(engine, plan).label(image)
    return labels, confidence, engine


def test_one_scale_of_the_network_is_one_view_of_the_whole_image() -> None:
    image = stripes(8, 4)
    labels, confidence, engine = labels_of(ViewPlan(), image)
    assert np.array_equal(labels, image.argmax(axis=2))
    assert (confidence == 200).all()
    assert len(engine.seen) == 1
    assert np.array_equal(engine.seen[0], image)


def test_windows_over_the_image_and_their_mirror_images_agree_with_it() -> None:
    image = stripes(21, 10)
    plan = ViewPlan(base="image", flip=True)
    labels, confidence, engine = labels_of(plan, image)
    assert np.array_equal(labels, image.argmax(axis=2))
    assert (confidence == 200).all()
    # Columns 0, 4, 8, 12, 13; rows 0, 2, 4, 6; and mirrored.
    assert len(engine.seen) == 2 * 5 * 4
    assert np.array_equal(engine.seen[1], engine.seen[0][:, ::-1])


def test_the_surer_view_wins() -> None:
    """Two views that disagree: the mirrored one is less sure, and gets what it is sure of."""

    class Contrary(Brightest):
        def infer(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            self.seen.append(image)
            mirrored = len(self.seen) == 2
            shape = (HEIGHT, WIDTH)
            return np.full(shape, mirrored, np.uint8), np.full(shape, 51 if mirrored else 102, "u1")

    segmenter = AugmentedSegmenter(Contrary(), ViewPlan(flip=True))
    labels, confidence = segmenter.label(stripes(8, 4))
    assert (labels == 0).all()
    # 102 of the 255 that each of two views could have given.
    assert (confidence == 51).all()


@pytest.mark.parametrize("mode", ["stretch", "fit"])
@pytest.mark.parametrize("name", ["linear", "antialias", "area", "bicubic"])
def test_one_view_has_the_pixels_that_the_robot_would_give_the_network(
    mode: Any, name: Any
) -> None:
    """30x10 and 10x30: of a fit, bars stay free above and below, or at the sides."""
    resize = Resize(mode=mode, filter=name, padding=(1, 2, 3))
    live = make_preprocessing((WIDTH, HEIGHT), resize)
    for shape in ((10, 30, 3), (30, 10, 3)):
        image = np.random.default_rng(5).integers(0, 255, shape, np.uint8)
        engine = Brightest(resize)
        labels, _ = AugmentedSegmenter(engine, ViewPlan()).label(image)
        assert len(engine.seen) == 1
        assert np.array_equal(engine.seen[0], live.prepare(image))
        assert labels.shape == shape[:2]


def test_a_picture_that_is_cropped_live_is_seen_to_its_edges_in_windows() -> None:
    """16x4 onto 8x4: three windows, one column of two pixels each apart."""
    engine = Brightest(Resize(mode="crop"))
    image = stripes(16, 4)
    labels, confidence = AugmentedSegmenter(engine, ViewPlan()).label(image)
    assert np.array_equal(labels, image.argmax(axis=2))
    assert (confidence == 200).all()
    assert len(engine.seen) == 3


@settings(max_examples=40)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 150),
    scales=st.lists(st.floats(0.3, 2), min_size=1, max_size=2),
    stride=st.floats(0.3, 1),
    base=st.sampled_from(["network", "image"]),
    mode=st.sampled_from(["stretch", "fit", "crop"]),
)
def test_every_pixel_gets_a_label(
    width: int, height: int, scales: list[float], stride: float, base: Any, mode: Any
) -> None:
    plan = ViewPlan(scales=tuple(scales), stride=stride, base=base)
    image = np.full((height, width, 3), (9, 0, 0), np.uint8)
    engine = Brightest(Resize(mode=mode))
    labels, confidence = AugmentedSegmenter(engine, plan).label(image)
    assert labels.shape == confidence.shape == (height, width)
    assert (labels == 0).all()
    # A pixel that no window covers would have no votes, and a confidence of 0.
    assert (confidence == 9).all()


def test_a_frame_keeps_its_stamp_and_size() -> None:
    frame = CameraFrame("front", stripes(20, 10), 7, "camera", None)
    found = AugmentedSegmenter(Brightest(), ViewPlan(scales=(1.0, 1.5))).segment(frame)
    assert (found.stamp_ns, found.frame_id, found.camera) == (7, "camera", "front")
    assert found.labels.shape == (10, 20)


def test_a_stride_that_leaves_gaps_is_refused() -> None:
    with pytest.raises(ValueError, match="stride"):
        ViewPlan(stride=1.5)

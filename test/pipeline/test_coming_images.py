"""A cloud waits for images that are nearer in time than what there is, and for no others."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seg_perception.config import SynchronizerConfig
from seg_perception.core.message_accounting import MessageAccounting
from seg_perception.pipeline.coming_images import ComingImages
from seg_perception.pipeline.synchronizer import LabelMapBuffer

CONFIG = SynchronizerConfig(buffer_size=10, max_wait_s=0.3, max_gap_s=0.5)
MS = 1_000_000


def buffer(ready_ms, coming_ms):
    labels, accounting = LabelMapBuffer[int](["front"], CONFIG), MessageAccounting()
    for stamp in ready_ms:
        labels.add("front", stamp * MS, stamp)
    for stamp in coming_ms:
        labels.coming.add("front", stamp * MS, accounting.receive("camera.front"))
    return labels


@pytest.mark.parametrize(
    ("ready_ms", "coming_ms", "complete"),
    [
        ([980], [], False),
        ([980], [1030], True),
        ([980], [1020], True),
        ([980], [1019], False),
        ([980], [990, 1030], False),
        ([980, 1000], [1050], True),
        ([], [1030], False),
    ],
    ids=["not known", "farther", "as far", "nearer", "nearer, older", "newer", "none yet"],
)
def test_the_next_image_is_waited_for_where_it_is_nearer(ready_ms, coming_ms, complete):
    assert buffer(ready_ms, coming_ms).is_complete(["front"], 1000 * MS) is complete


def test_an_image_that_ends_without_labels_is_not_waited_for():
    labels, accounting = buffer([980], []), MessageAccounting()
    near, far = (accounting.receive("camera.front") for _ in range(2))
    labels.coming.add("front", 1010 * MS, near)
    labels.coming.add("front", 1060 * MS, far)
    assert not labels.is_complete(["front"], 1000 * MS)
    near.drop("superseded")
    assert labels.is_complete(["front"], 1000 * MS)
    far.publish()
    assert not labels.is_complete(["front"], 1000 * MS), "what comes next may be nearer"


@given(
    st.lists(st.integers(900, 1100), min_size=1, max_size=8, unique=True),
    st.integers(0, 8),
    st.integers(0, 100),
)
def test_who_does_not_wait_gets_what_waiting_would_have_given(stamps_ms, ready, later_ms):
    """The stamps of a camera rise; some are labelled, the others and one more will be."""
    stamps_ms.sort()
    labels = buffer(stamps_ms[:ready], stamps_ms[ready:])
    assume(labels.is_complete(["front"], 1000 * MS))
    chosen = labels.nearest("front", 1000 * MS)[0].value
    for stamp in (*stamps_ms[ready:], stamps_ms[-1] + 1 + later_ms):
        labels.add("front", stamp * MS, stamp)
    assert labels.nearest("front", 1000 * MS)[0].value == chosen


def test_a_jump_of_the_clock_forgets_what_comes():
    labels = buffer([], [1030])
    labels.clear()
    labels.add("front", 980 * MS, 980)
    assert not labels.is_complete(["front"], 1000 * MS)


def test_each_camera_has_its_own():
    coming, accounting = ComingImages(["front", "back"]), MessageAccounting()
    coming.add("back", 5, accounting.receive("camera.back"))
    coming.add("back", 3, accounting.receive("camera.back"))
    assert coming.first_after("front", 0) is None
    assert coming.first_after("back", 0) == 3
    assert coming.first_after("back", 3) == 5
    assert coming.first_after("back", 5) is None

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.inference.tiling import Window, starts, tent, windows


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, int]:
    length = draw(st.integers(1, 3000))
    window = draw(st.integers(1, length))
    return length, window, draw(st.integers(1, window))


@given(axes())
def test_every_place_of_an_axis_lies_in_a_window(axis: tuple[int, int, int]) -> None:
    length, window, stride = axis
    found = starts(length, window, stride)
    covered = np.zeros(length, bool)
    for start in found:
        assert 0 <= start <= length - window
        covered[start : start + window] = True
    assert covered.all()
    assert list(found) == sorted(set(found))
    assert all(b - a <= stride for a, b in pairwise(found))
    # None is there in vain: without the last one but one, a step would be too long.
    assert len(found) == -(-(length - window) // stride) + 1


def test_the_bottom_rows_of_a_camera_that_a_public_entry_loses() -> None:
    """1536 rows, windows of 896 every 384: 0 and 384 leave 256 rows, so 640 comes too."""
    assert starts(1536, 896, 384) == (0, 384, 640)
    assert starts(2048, 896, 384) == (0, 384, 768, 1152)
    found = windows((2048, 1536), (896, 896), (384, 384))
    covered = np.zeros((1536, 2048), bool)
    for w in found:
        covered[w.top : w.top + w.height, w.left : w.left + w.width] = True
    assert covered.all()
    assert found[0] == Window(0, 0, 896, 896)
    assert found[-1] == Window(640, 1152, 896, 896)


@pytest.mark.parametrize(("length", "window", "stride"), [(5, 6, 1), (5, 3, 4), (5, 3, 0)])
def test_windows_that_leave_gaps_are_refused(length: int, window: int, stride: int) -> None:
    with pytest.raises(ValueError, match="expected 1 <= stride <= window"):
        starts(length, window, stride)


def test_a_tent_is_highest_in_the_middle_and_never_zero() -> None:
    weights = tent((5, 3))
    assert weights.shape == (3, 5)
    assert weights[1, 2] == 1
    assert weights.min() == weights[0, 0] > 0
    assert weights == pytest.approx(weights[::-1, ::-1])

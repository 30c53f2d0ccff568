"""Pictures that stand upside down from the first one on, told by what the model knows."""

import pytest

from seg_perception.pipeline.upside_down import WAYS, is_upside_down


def test_pictures_that_are_known_only_when_turned_are_upside_down() -> None:
    assert is_upside_down([(1.2, 0.7)] * WAYS)


@pytest.mark.parametrize(
    "looks",
    [
        [(1.2, 0.7)] * (WAYS - 1),  # too few
        [(0.7, 1.2)] * WAYS,  # the right way up
        [(0.7, 0.65)] * WAYS,  # 0.93 times: as near either way
        [(1.2, 0.7)] * (WAYS - 1) + [(0.70, 0.71)],  # one that speaks against it
        [(2.0, 1.1)] * WAYS,  # neither is known
    ],
)
def test_anything_less_is_not(looks: list[tuple[float, float]]) -> None:
    assert not is_upside_down(looks)

"""Which frames are chosen, in which order, and why."""

import numpy as np
import pytest

from seg_perception.active_learning.class_frequency import ClassFrequency
from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.selection import Selection
from seg_perception.core.errors import ConfigError

CRITERIA = ("uncertainty", "disagreement", "unfamiliarity", "rarity", "diversity")
ONLY = dict.fromkeys(CRITERIA, 0.0)


@pytest.fixture
def choose(make):
    def run(candidates, **config):
        mining = MiningConfig(**config)
        frequency = ClassFrequency(3, mining.min_class_share)
        for candidate in candidates:
            frequency.add(candidate)
        return Selection(candidates, frequency, mining, make.ontology("a", "b", "c")).choose()

    return run


def indices(choices):
    return [choice.candidate.index for choice in choices]


@pytest.mark.parametrize(
    ("criterion", "odd"),
    [
        ("uncertainty", {"uncertainty": 0.7}),
        ("disagreement", {"disagreement": 0.4}),
        ("unfamiliarity", {"unfamiliarity": 0.75}),
        ("rarity", {"shares": (0.9, 0.1, 0)}),
    ],
)
def test_each_criterion_finds_the_odd_frame(make, choose, criterion, odd):
    frames = [make.candidate(n, **(odd if n == 17 else {})) for n in range(40)]
    (choice,) = choose(frames, count=1, **{**ONLY, criterion: 1.0})
    assert choice.candidate.index == 17
    assert choice.parts[criterion] == 1.0
    assert "40 frames" in choice.reasons[0]


def test_an_unfamiliar_frame_says_how_far_it_is_and_without_familiarity_nothing_is_said(
    make, choose
):
    """0.75 is 3 of 4: three times the distance of known places."""
    frames = [make.candidate(n, unfamiliarity=0.75 if n == 3 else 0.3) for n in range(10)]
    (choice,) = choose(frames, count=1, **{**ONLY, "unfamiliarity": 1.0})
    assert choice.reasons == (
        "3.0 times the distance of places that the model knows: the least familiar of 10 frames",
    )
    (plain,) = choose([make.candidate(n) for n in range(10)], count=1)
    assert "unfamiliarity" not in plain.parts


def test_diversity_takes_the_farthest_first(make, choose):
    grey = [0, 1, 2, 200, 201, 100, 101, 3]
    frames = [make.candidate(n, thumbnail=np.full(6, v, np.uint8)) for n, v in enumerate(grey)]
    chosen = indices(choose(frames, count=3, **{**ONLY, "diversity": 1.0}))
    # The second is the first one beyond what counts as far; the third lies between both.
    assert chosen == [0, 3, 5]


def test_a_class_counts_less_when_it_was_chosen(make, choose):
    shares = {3: (0.9, 0.1, 0), 4: (0.9, 0.1, 0), 8: (0.9, 0, 0.1), 9: (0.9, 0, 0.1)}
    more = {10: (0.9, 0, 0.1)}
    frames = [make.candidate(n, shares=({**shares, **more}).get(n, (1, 0, 0))) for n in range(20)]
    assert indices(choose(frames, count=3, **{**ONLY, "rarity": 1.0})) == [3, 8, 4]


def test_frames_of_one_moment_are_not_chosen_twice(make, choose):
    frames = [make.candidate(n, uncertainty=1 - n / 100) for n in range(10)]
    assert indices(choose(frames, count=3, min_gap_s=1.2, **{**ONLY, "uncertainty": 1.0})) == [
        *(0, 3, 6)
    ]


def test_other_cameras_may_be_chosen_at_the_same_moment(make, choose):
    frames = [make.candidate(n, camera=f"{n}", stamp_ns=7) for n in range(3)]
    assert indices(choose(frames, count=5)) == [0, 1, 2]


def test_reasons_stand_in_the_order_of_their_weight(make, choose):
    frames = [make.candidate(n, uncertainty=n / 100, disagreement=0.0) for n in range(40)]
    frames[39] = make.candidate(39, uncertainty=0.39, disagreement=0.2, shares=(0.5, 0.5, 0))
    (choice,) = choose(frames, count=1, rarity=3.0)
    assert choice.reasons == (
        "shows b (50.0% of the picture), as 1 of 40 frames do",
        "mean confidence 61%: the least sure of 40 frames",
        "neighbouring frames or cameras deny 20.0% of its labels: the most denied of 40 frames",
    )
    assert choice.score == pytest.approx(5.0)


def test_an_unknown_setting_is_named():
    with pytest.raises(ConfigError, match=r"mining: rareness.*expected values of count, uncert"):
        MiningConfig.parse({"rareness": 2})
    with pytest.raises(ConfigError, match=r"mining: rarity: .* got -1"):
        MiningConfig.parse({"rarity": -1})

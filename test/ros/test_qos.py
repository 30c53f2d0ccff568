"""What inputs ask for follows what is offered; what outputs offer suits everybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from seg_perception.ros.qos import (
    input_profile,
    latched_profile,
    output_profile,
    tf_profile,
)

pytestmark = pytest.mark.ros
RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


@given(st.lists(st.sampled_from([RELIABLE, BEST_EFFORT])))
def test_auto_is_reliable_exactly_where_every_publisher_is(offers):
    profile = input_profile("auto", offers, 5)
    assert (profile.reliability == RELIABLE) == (BEST_EFFORT not in offers)
    assert profile.depth == 5


@pytest.mark.parametrize(
    ("wish", "expected"), [("reliable", RELIABLE), ("best_effort", BEST_EFFORT)]
)
def test_a_wish_is_granted_whatever_is_offered(wish, expected):
    for offers in ([], [RELIABLE], [BEST_EFFORT]):
        assert input_profile(wish, offers, 1).reliability == expected


def test_profiles_of_transforms_and_outputs():
    assert (tf_profile().reliability, tf_profile().depth) == (BEST_EFFORT, 100)
    assert tf_profile().durability != DurabilityPolicy.TRANSIENT_LOCAL
    assert latched_profile().durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert output_profile().reliability == latched_profile().reliability == RELIABLE

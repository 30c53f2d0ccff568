"""A point of a scan is one pixel in a picture, and another one in the next."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.teaching.lidar_links import find_links

CAMERA = "front"


def test_a_point_is_found_in_both_pictures_where_the_motion_puts_it(world, helpers):
    bag = world.bag(helpers.driving(world))
    first, later = ((CAMERA, world.start_ns + n * 100 * world.ms) for n in (2, 6))
    (links,) = find_links(bag, world.config(transforms__fixed_frame="odom"), {first: [later]})
    assert (links.frame, links.other) == (first, later)
    # u = 31.5 - 32 y / x, v = 23.5 - 32 z / x: at picture 2 one metre on the way, at 6 three.
    for x, y, z in helpers.points[:2]:
        wanted = [
            part
            for way in (1, 3)
            for part in ((31.5 - 32 * y / (x - way)) / 64, (23.5 - 32 * z / (x - way)) / 48)
        ]
        # A pixel is a half of one off at most, whose share of the picture that is.
        apart = np.abs(links.points - np.array(wanted)).max(axis=1)
        assert apart.min() <= 1 / 48 + 1e-6
    assert (links.points >= 0).all()
    assert (links.points <= 1).all()


def test_without_a_fixed_frame_no_lidar_or_no_transforms_nothing_is_linked(world, helpers):
    first, later = ((CAMERA, world.start_ns + n * 100 * world.ms) for n in (2, 6))
    bag = world.bag(helpers.driving(world))
    assert find_links(bag, world.config(), {first: [later]}) == []
    moving = world.config(transforms__fixed_frame="odom")
    without = moving.model_copy(update={"lidars": {}})
    assert find_links(bag, without, {first: [later]}) == []
    still = world.bag([e for e in helpers.driving(world) if e[1] != "/tf"], "still.mcap")
    assert find_links(still, moving, {first: [later]}) == []


def test_a_picture_that_the_bag_lacks_has_no_links(world, helpers):
    bag = world.bag(helpers.driving(world))
    config = world.config(transforms__fixed_frame="odom")
    first = CAMERA, world.start_ns + 200 * world.ms
    assert find_links(bag, config, {first: [(CAMERA, 5)]}) == []
    assert find_links(bag, config, {}) == []


@pytest.mark.parametrize("gap", [1, 3])
def test_the_other_picture_may_lie_before_or_after(world, helpers, gap):
    bag = world.bag(helpers.driving(world))
    config = world.config(transforms__fixed_frame="odom")
    middle = CAMERA, world.start_ns + 400 * world.ms
    others = [(CAMERA, middle[1] + side * gap * 100 * world.ms) for side in (-1, 1)]
    found = find_links(bag, config, {middle: others})
    assert [links.other for links in found] == others
    # The robot drives towards them: things move away from the picture's middle.
    offset = [np.abs(links.points[:, [0, 2]] - 0.5) for links in found]
    assert (offset[0][:, 0] >= offset[0][:, 1] - 1 / 64).all()
    assert (offset[1][:, 0] <= offset[1][:, 1] + 1 / 64).all()

"""Frames of bags and folders, and which of them are kept aside."""

from __future__ import annotations

from contextlib import nullcontext

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.io.remapped_bag import RemappedBag
from seg_perception.teaching.choice import choose_of_bag, choose_of_folder
from seg_perception.teaching.config import parse_teaching


def silent(_what):
    return nullcontext(lambda _done, _total: None)


def test_frames_of_a_bag_are_split_by_stretches_and_say_why(world):
    bag = RemappedBag.of(world.bag(world.events(30)))
    wishes = parse_teaching({"frames": 4, "gate_frames": 5, "gate_share": 0.3})
    chosen = list(choose_of_bag(bag, world.config(), wishes, silent))
    places = {
        part: [(f.stamp_ns - world.start_ns) // (100 * world.ms) for f in chosen if f.part == part]
        for part in ("teach", "gate")
    }
    assert len(places["teach"]) == 4
    assert len(places["gate"]) == 5
    nearest = min(abs(a - b) for a in places["teach"] for b in places["gate"])
    assert nearest >= 1
    # Twelve stretches of two or three pictures: none has frames of both parts.
    bounds = np.cumsum([len(part) for part in np.array_split(np.arange(30), 12)])
    stretch = {part: set(np.searchsorted(bounds, some, "right")) for part, some in places.items()}
    assert stretch["teach"].isdisjoint(stretch["gate"])
    assert all(frame.reasons for frame in chosen)
    assert all(frame.image.shape == (48, 64, 3) for frame in chosen)


def test_the_same_bag_gives_the_same_frames(world):
    bag = RemappedBag.of(world.bag(world.events(12)))
    wishes = parse_teaching({"frames": 3})
    one, other = (
        [(f.name, f.part) for f in choose_of_bag(bag, world.config(), wishes, silent)]
        for _ in range(2)
    )
    assert one == other


def test_look_alike_images_of_a_folder_are_on_one_side(tmp_path):
    # Six scenes of three pictures that hardly differ.
    rng = np.random.default_rng(0)
    for scene in range(6):
        image = rng.integers(0, 250, (6, 8, 3), np.uint8)
        for view in range(3):
            large = cv2.resize(image, (64, 48), interpolation=cv2.INTER_NEAREST)
            cv2.imwrite(str(tmp_path / f"{scene}_{view}.png"), large + np.uint8(view))
    chosen = list(choose_of_folder(tmp_path, parse_teaching({"gate_share": 0.3}), silent))
    sides = {}
    for frame in chosen:
        sides.setdefault(frame.name[0], set()).add(frame.part)
    assert all(len(parts) == 1 for parts in sides.values())
    assert {part for parts in sides.values() for part in parts} == {"teach", "gate"}


def test_a_folder_without_images_is_said(tmp_path):
    with pytest.raises(TeachingError, match="expected a bag, or a folder with images"):
        list(choose_of_folder(tmp_path, parse_teaching({}), silent))


def test_pictures_that_see_points_of_a_taught_frame_come_with_their_links(world, helpers):
    bag = RemappedBag.of(world.bag(helpers.driving(world, 30, 0.1)))
    config = world.config(transforms__fixed_frame="odom")
    wishes = parse_teaching(
        {"frames": 3, "gate_share": 0.3, "neighbours": 2, "neighbour_gap_s": 0.2}
    )
    chosen = list(choose_of_bag(bag, config, wishes, silent))
    taught = {f.name: f for f in chosen if f.asked and f.part == "teach"}
    kept = {f.stamp_ns for f in chosen if f.part == "gate"}
    linked = [f for f in chosen if f.links]
    assert linked
    for frame in linked:
        assert frame.part == "teach"
        assert frame.stamp_ns not in kept
        for name, points in frame.links.items():
            apart_s = abs(taught[name].stamp_ns - frame.stamp_ns) / 1e9
            assert 0.1 <= apart_s <= 0.31
            assert points.shape[1] == 4
    # Stretches are of two or three pictures: nothing kept aside lies in one of a neighbour.
    bounds = np.cumsum([len(part) for part in np.array_split(np.arange(30), 12)])
    place = [(f.stamp_ns - world.start_ns) // (100 * world.ms) for f in linked]
    proof = [(stamp_ns - world.start_ns) // (100 * world.ms) for stamp_ns in kept]
    sides = [set(np.searchsorted(bounds, some, "right")) for some in (place, proof)]
    assert sides[0].isdisjoint(sides[1])


def test_unless_it_is_wished_nothing_is_linked(world, helpers):
    bag = RemappedBag.of(world.bag(helpers.driving(world, 12)))
    config = world.config(transforms__fixed_frame="odom")
    chosen = choose_of_bag(bag, config, parse_teaching({"frames": 3}), silent)
    assert all(frame.asked and not frame.links for frame in chosen)

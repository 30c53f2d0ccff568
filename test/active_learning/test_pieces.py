"""Frames are chosen of a bag in pieces as of the whole."""

import numpy as np
import pytest

from seg_perception.active_learning import MiningConfig, mine
from seg_perception.core.errors import ConfigError
from seg_perception.io.images import encode_rgb

FRAMES = 130


@pytest.fixture
def bag(world):
    """Brightness and colours change all the time, and some clouds are missing."""
    random = np.random.default_rng(0)
    events = [(world.start_ns, "/tf_static", world.mounting())]
    for n in range(FRAMES):
        at = world.start_ns + n * 100 * world.ms
        events.append((at, world.lens_topic, world.lens(at)))
        rgb = np.zeros((48, 64, 3), np.uint8)
        for column, channel in enumerate(random.integers(0, 3, 4)):
            rgb[:, 16 * column : 16 * column + 16, channel] = random.integers(40, 255)
        events.append((at + world.ms, world.image_topic, encode_rgb(rgb, at, "camera_optical")))
        if n % 6:
            events.append((at + 10 * world.ms, world.points_topic, world.points(at + 5 * world.ms)))
    return world.bag(events)


def facts(summary):
    document = summary.to_json()
    return {
        key: value for key, value in document.items() if key not in ("output", "wall_s", "engine")
    }


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")}


def test_the_same_frames_for_the_same_reasons(world, bag):
    found = []
    for pieces in (1, 2, 3):
        folder = world.folder / str(pieces)
        chosen = world.config(transforms__buffer_s=1.0, pictures__watch=False)
        summary = mine(bag, folder, chosen, MiningConfig(count=20), pieces=pieces)
        assert not [note for note in summary.notes if "in one piece" in note]
        found.append((facts(summary), files(folder)))
    assert found[0][0]["compared_clouds"] > 50
    assert len(found[0][1]) == 3 * 20
    assert found[0] == found[1] == found[2]


def test_a_bag_that_is_too_short_is_looked_at_in_one_piece(world):
    summary = mine(
        world.bag(), world.folder / "out", world.config(), MiningConfig(count=2), pieces=4
    )
    assert [note for note in summary.notes if "in one piece: it is too short" in note]


def test_a_memory_of_the_whole_recording_is_refused(world, bag):
    chosen = world.config(memory__enabled=True, transforms__fixed_frame="base_link")
    with pytest.raises(ConfigError, match=r"the whole gives with memory\.enabled"):
        mine(bag, world.folder / "out", chosen, MiningConfig(), pieces=2)

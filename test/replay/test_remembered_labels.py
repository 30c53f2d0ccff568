"""Memory through the door of a replay: its field, its sentence, the same bytes."""

import numpy as np

from seg_perception.core.types import PointStatus
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import replay

PAUSE_MS = 2500


def test_clouds_say_what_is_remembered_and_the_same_bag_gives_the_same_bytes(world):
    bag = world.bag()
    config = world.config(**{"map.frame": "base_link", "memory.enabled": True})
    outs = [world.folder / f"{name}.mcap" for name in ("one", "two")]
    summaries = [replay(bag, out, config) for out in outs]
    assert outs[0].read_bytes() == outs[1].read_bytes()
    clouds = [decode_cloud(m) for m in world.read(outs[0], "/lidar/top/semantic/points")]
    assert len(clouds) == 5
    for cloud in clouds:
        assert "remembered" in cloud.fields
        # The bundle's ontology does not say what moves: nothing is remembered.
        assert not cloud.points["remembered"].any()
    codes = [issue.code for issue in summaries[0].issues]
    assert codes.count("no_memory") == 1
    # Places are remembered; the map that they stand in need not be published.
    assert "/perception_node/map" not in world.topics(outs[0])


def turned_drive(world):
    """A drive that stands, and stands again turned about, with green and then red behind it."""
    events = []
    for begin_ms, y in ((0, None), (PAUSE_MS, -1.95), (2 * PAUSE_MS, 2.05)):
        T = np.eye(4) if y is None else np.diag([-1.0, -1.0, 1.0, 1.0])
        T[:3, 3] = (0, 0, 0) if y is None else (0.05, y, 0.05)
        shift_ns = begin_ms * world.ms
        for at in range(-100, 500, 20):
            stamp_ns = world.start_ns + shift_ns + at * world.ms
            pose = StampedTransform("odom", "base_link", stamp_ns, T)
            events.append((stamp_ns, "/tf", encode_tf([pose])))
        for n in range(4):
            at = world.start_ns + shift_ns + 100 * n * world.ms
            events.append((at, world.lens_topic, world.lens(at)))
            events.append((at + 1 * world.ms, world.image_topic, world.image(at)))
            events.append((at + 10 * world.ms, world.points_topic, world.points(at + 5 * world.ms)))
    events.append((min(event[0] for event in events), "/tf_static", world.mounting()))
    return sorted(events, key=lambda event: event[0])


def test_places_behind_the_robot_have_the_labels_that_were_seen_there(
    world, colour_model, tmp_path
):
    bag = world.bag(turned_drive(world))
    bundle = write_bundle(tmp_path / "moving", colour_model.with_movable(32, 24)).folder
    wishes = {"transforms.fixed_frame": "odom", "memory.enabled": True}
    config = world.config(**wishes, **{"segmentation.bundle": str(bundle)})
    outs = [tmp_path / f"{name}.mcap" for name in ("one", "two")]
    summaries = [replay(bag, out, config) for out in outs]
    assert outs[0].read_bytes() == outs[1].read_bytes()
    clouds = [decode_cloud(m).points for m in world.read(outs[0], "/lidar/top/semantic/points")]
    told = [(c["label"].ravel().tolist(), c["remembered"].ravel().tolist()) for c in clouds]
    red, green = world.red, world.green
    assert told[:4] == [([red, green, world.unknown], [0, 0, 0])] * 4
    assert told[4:8] == [([red, green, green], [0, 0, 1])] * 4
    assert told[8:] == [([red, green, red], [0, 0, 1])] * 4
    assert summaries[0].points["top"][PointStatus.REMEMBERED] == 8

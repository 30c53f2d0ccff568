"""Memory through the door of a replay: its field, its sentence, the same bytes."""

from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import replay


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

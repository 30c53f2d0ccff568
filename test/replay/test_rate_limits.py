"""Limits of rates in a replay: what is dropped, what keeps its labels, and what is said."""

from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import PointStatus
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import replay

CLOUD = "/lidar/top/semantic/points"


def run(world, **parameters):
    """Three seconds at 10 Hz, images at 0.0, 0.1 ... s, clouds 5 ms after them."""
    out = world.folder / "out.mcap"
    bag = world.bag(world.events(30))
    summary = replay(bag, out, world.config(synchronizer__max_wait_s=0.3, **parameters))
    assert summary.balanced
    return summary, world.read(out, CLOUD)


def test_clouds_between_the_images_of_a_limited_camera_are_said_with_the_limit(world):
    summary, clouds = run(world, camera__front__max_rate_hz=1.0)
    assert summary.streams["camera.front"] == StreamCount(30, 3, {"rate_limited": 27}, 0)
    labelled = [n for n, c in enumerate(clouds) if decode_cloud(c).points["label"][0, 0] == 0]
    # Within 0.25 s of an image at 0, 1 or 2 s.
    assert labelled == [0, 1, 2, 8, 9, 10, 11, 12, 18, 19, 20, 21, 22]
    assert summary.points["top"][PointStatus.NO_LABEL_MAP] == 3 * 17
    (note,) = summary.notes
    assert note == (
        "lidar.top: 57% of its points have no label map within synchronizer.max_gap_s (0.25 s), "
        "since camera.front.max_rate_hz lets an image pass every 1 s only; set it to 2 Hz or more, "
        "limit lidar.top.max_rate_hz too, or raise max_gap_s"
    )
    assert summary.problems == ()


def test_a_lidar_under_the_same_limit_keeps_its_labels(world):
    limits = {"camera__front__max_rate_hz": 1.0, "lidar__top__max_rate_hz": 1.0}
    summary, clouds = run(world, **limits)
    assert summary.streams["lidar.top"] == StreamCount(30, 3, {"rate_limited": 27}, 0)
    stamps = [stamp_to_ns(c.header.stamp) - world.start_ns for c in clouds]
    assert stamps == [second * 1000 * world.ms + 5 * world.ms for second in range(3)]
    labels = [decode_cloud(c).points["label"].ravel().tolist() for c in clouds]
    assert labels == [[world.red, world.green, world.unknown]] * 3
    assert summary.notes == summary.problems == ()

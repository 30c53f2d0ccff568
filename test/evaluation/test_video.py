"""Bags whose camera sends video, scored as those whose images come raw."""

import pytest

from seg_perception.evaluation.frame_score import read_frames
from seg_perception.evaluation.results import Results
from seg_perception.io.images import decode_image
from seg_perception.io.messages import stamp_to_ns

from .conftest import values, with_truth


@pytest.fixture
def as_video(world, video):
    """The same events with packets of H.265 on the image topic."""

    def convert(events):
        images = [message for _, topic, message in events if topic == world.image_topic]
        packets = iter(video.encode("hevc", [decode_image(image) for image in images]))

        def packet(image):
            stamp_ns = stamp_to_ns(image.header.stamp)
            return video.message("ffmpeg", "hevc", next(packets), stamp_ns, image.header.frame_id)

        return [
            (at, topic, packet(message) if topic == world.image_topic else message)
            for at, topic, message in events
        ]

    return convert


def test_a_bag_with_video_is_scored_as_the_same_pictures_sent_raw(world, run, as_video):
    done, out = run(world.bag(as_video(with_truth(world))), options=["--pictures", "1"])
    assert done.exit_code == 0, done.stderr
    camera, lidar = Results.read(out).streams
    # All is red: half of it was called green, which the truth lacks.
    assert values(camera.class_mappings[0].metrics)["accuracy"] == 50
    assert camera.pairing.paired == 4
    assert values(lidar.metrics)["purity"] == 50
    assert {frame.accuracy for frame in read_frames(out)} == {50}


def test_a_truth_of_another_size_than_the_video_is_said_before_the_work(world, run, as_video):
    done, _ = run(world.bag(as_video(with_truth(world, size=(24, 32)))))
    assert done.exit_code == 2
    assert "expected a truth of the image's size 64x48, got 32x24" in done.stderr

"""What is found of cameras that send H.264 or H.265."""

import sys

import pytest

from seg_perception.inspection import inspect_bag, suggest_config

TOPIC = "/camera/front/image_raw/ffmpeg"


@pytest.fixture
def bag(world, video):
    """A bag with a video in place of the images, from the given packet on."""

    def write(codec, kind="ffmpeg", begin=0):
        packets = video.encode(codec, video.plain([0, 1, 2] * 4))
        events = [event for event in world.events() if event[1] != world.image_topic]
        for n, packet in list(enumerate(packets))[begin:]:
            at = world.start_ns + n * 40 * world.ms
            events.append((at, TOPIC, video.message(kind, codec, packet, at, "camera_optical")))
        return world.bag(sorted(events, key=lambda event: event[0]))

    return write


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("kind", ["ffmpeg", "foxglove", "compressed"])
@pytest.mark.parametrize("begin", [0, 3])
def test_codec_and_size_are_found_and_the_bag_needs_no_options(bag, world, codec, kind, begin):
    found = inspect_bag(bag(codec, kind, begin))
    facts = found.facts.topics[TOPIC]
    image = facts.image
    assert (image.encoding, image.width, image.height, image.problem) == (codec, 64, 48, "")
    assert facts.frame_id == "camera_optical"
    assert facts.stamp_ns == world.start_ns + begin * 40 * world.ms
    camera = suggest_config(found).cameras["front"]
    assert (camera.image_topic, camera.transport) == (TOPIC, "video")
    assert [issue.level for issue in found.issues if issue.stream == "camera.front"] == []


def test_a_stream_without_a_key_frame_is_named(bag):
    # Key frames are 0, 5 and 10; 11 is all that is left.
    (problem,) = problems(inspect_bag(bag("h264", begin=11)))
    assert problem.startswith("camera.front: H.264 video: waits for a key frame")


def test_without_pyav_codec_and_mend_are_said(bag, monkeypatch):
    path = bag("hevc")
    monkeypatch.setitem(sys.modules, "av", None)
    found = inspect_bag(path)
    assert found.facts.topics[TOPIC].image.encoding == "hevc"
    (problem,) = problems(found)
    assert problem.startswith("camera.front: H.265 video: ")
    assert "pip install av" in problem


def problems(found):
    return [str(issue) for issue in found.issues if issue.code == "unreadable"]

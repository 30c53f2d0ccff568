"""Single pictures of a bag's images: of a video each is made from the key frame before it."""

import pytest

from seg_perception.core.errors import KeyFrameError
from seg_perception.io.bag_reader import BagReader
from seg_perception.replay.recent_images import RecentImages

TOPIC = "/video"


@pytest.fixture
def messages(world, video):
    """The messages of twelve pictures: red, green, blue, and again; 0, 5 and 10 are key frames."""

    def read(codec, begin=0, lost=()):
        packets = video.encode(codec, video.plain([n % 3 for n in range(12)]))
        events = [
            (n, TOPIC, video.message("ffmpeg", codec, packet, n, "camera"))
            for n, packet in enumerate(packets)
            if n >= begin and n not in lost
        ]
        with BagReader(world.bag(events)) as bag:
            return {m.log_time_ns: m for m in bag.messages({TOPIC})}

    return read


def colour(image):
    return int(image[24, 32].argmax())


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_any_kept_picture_can_be_asked_for_in_any_order(messages, codec):
    recent = RecentImages()
    found = messages(codec)
    for message in found.values():
        recent.add(message)
    for number in (7, 0, 11, 3, 7):
        assert colour(recent.decode(found[number])) == number % 3


def test_what_newer_pictures_are_made_from_is_kept(messages):
    recent = RecentImages()
    found = messages("h264")
    for message in found.values():
        recent.add(message)
    recent.forget_before(8)
    # 5 is the key frame that 8 is made from.
    assert colour(recent.decode(found[8])) == 2
    assert colour(recent.decode(found[5])) == 2
    with pytest.raises(KeyFrameError):
        recent.decode(found[4])


def test_pictures_that_can_not_be_right_are_refused(messages):
    recent = RecentImages()
    found = messages("h264", begin=3, lost=[6])
    for message in found.values():
        recent.add(message)
    for number in (3, 4, 7, 9):
        with pytest.raises(KeyFrameError):
            recent.decode(found[number])
    assert [colour(recent.decode(found[number])) for number in (5, 10, 11)] == [2, 1, 2]


def test_an_image_that_stands_alone_needs_no_other(world):
    events = [(n, "/image", world.image(n, (n,))) for n in range(3)]
    with BagReader(world.bag(events)) as bag:
        found = list(bag.messages({"/image"}))
    recent = RecentImages()
    for message in found:
        recent.add(message)
    recent.forget_before(3)
    assert [colour(recent.decode(message)) for message in found] == [0, 1, 2]

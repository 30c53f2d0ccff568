"""Cameras that send H.264 or H.265: the labels are those of the same pictures sent raw."""

import sys

import numpy as np
import pytest

from seg_perception.io.images import decode_image, decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import replay

LABELS = "/camera/front/semantic/label_image"
CODECS = pytest.mark.parametrize("codec", ["h264", "hevc"])
REORDERED = "scenecut=0:bframes=2:b-adapt=0:b-pyramid=0:open-gop=0"
TOPICS = {
    "compressed": "/camera/front/image_raw/compressed",
    "foxglove": "/camera/front/image_raw/foxglove",
    "ffmpeg": "/camera/front/image_raw/ffmpeg",
}


@pytest.fixture
def labelled(world, video):
    """Replays a bag whose images are sent as video; its labels, and its summary."""

    def run(codec, kind="compressed", events=None, lost=(), config=None, **options):
        events = events or world.events(count=12)
        times = [at for at, topic, _ in events if topic == world.image_topic]
        images = [image for _, topic, image in events if topic == world.image_topic]
        pictures = [decode_image(image) for image in images]
        packets = video.encode(codec, pictures, **options)
        stamps = [stamp_to_ns(image.header.stamp) for image in images]
        sent = [
            (
                times[n],
                TOPICS[kind],
                video.message(kind, codec, packet, stamps[packet.shown], "camera_optical"),
            )
            for n, packet in enumerate(packets)
            if n not in lost
        ]
        rest = [event for event in events if event[1] != world.image_topic]
        everything = sorted([*rest, *sent], key=lambda event: event[0])
        bag = world.bag(everything, f"{codec}.mcap")
        out = world.folder / f"{codec}_out.mcap"
        summary = replay(
            bag, out, world.config(**{"camera.front.image_topic": TOPICS[kind], **(config or {})})
        )
        return labels_by_stamp(world, out), summary

    return run


def labels_by_stamp(world, path):
    if LABELS not in world.topics(path):
        return {}
    return {
        (stamp_to_ns(m.header.stamp) - world.start_ns) // (100 * world.ms): decode_label_image(m)
        for m in world.read(path, LABELS)
    }


@CODECS
@pytest.mark.parametrize("kind", ["compressed", "foxglove", "ffmpeg"])
def test_labels_are_those_of_the_same_pictures_sent_raw(world, labelled, codec, kind):
    raw = world.folder / "raw.mcap"
    raw_summary = replay(world.bag(world.events(count=12)), raw, world.config())
    expected = labels_by_stamp(world, raw)
    found, summary = labelled(codec, kind)
    assert list(found) == list(expected) == list(range(12))
    for number, labels in found.items():
        np.testing.assert_array_equal(labels, expected[number])
    assert summary.problems == ()
    assert summary.points == raw_summary.points


@CODECS
def test_a_lost_packet_costs_those_up_to_the_next_key_frame(labelled, codec):
    # Key frames are 0, 5, 10; 6 is lost, so that 7, 8 and 9 can't be right.
    found, summary = labelled(codec, lost=[6])
    assert list(found) == [0, 1, 2, 3, 4, 5, 10, 11]
    camera = summary.streams["camera.front"]
    assert (camera.received, camera.published) == (11, 8)
    assert camera.dropped == {"waits_for_key_frame": 3}
    assert summary.balanced
    (text,) = [str(issue) for issue in summary.issues if issue.code == "waits_for_key_frame"]
    assert "waits for a key frame: a packet was lost" in text


@CODECS
def test_a_recording_that_begins_between_key_frames(labelled, codec):
    found, summary = labelled(codec, lost=range(3))
    assert list(found) == [5, 6, 7, 8, 9, 10, 11]
    assert summary.streams["camera.front"].dropped == {"waits_for_key_frame": 2}
    assert summary.balanced


@CODECS
def test_no_picture_gets_the_stamp_of_another(world, labelled, codec):
    # Colours change with every image, and the encoder sends them out of order.
    events = [
        (at, topic, world.image(stamp_to_ns(message.header.stamp), (count(at, world) % 3,)))
        if topic == world.image_topic
        else (at, topic, message)
        for at, topic, message in world.events(count=12)
    ]
    found, summary = labelled(codec, events=events, options=REORDERED, key_every=6)
    assert sorted(found) == list(range(12))
    assert {n: int(labels[0, 0]) for n, labels in found.items()} == {n: n % 3 for n in range(12)}
    assert all((labels == labels[0, 0]).all() for labels in found.values())
    assert summary.balanced


def test_a_lower_rate_leaves_pictures_out_and_no_packet(labelled, world):
    found, summary = labelled("h264", config={"camera.front.max_rate_hz": 5.0})
    # One key frame in five: 2, 4, 6 and 8 are made from packets whose pictures are left out.
    assert list(found) == [0, 2, 4, 6, 8, 10]
    assert all((labels[:, :16] == world.red).all() for labels in found.values())
    assert summary.streams["camera.front"].dropped == {"rate_limited": 6}


def count(at, world):
    return (at - world.start_ns) // (100 * world.ms)


def test_without_pyav_every_packet_is_counted_and_the_mend_is_said(labelled, monkeypatch, video):
    encode = video.encode

    def encode_then_hide(*args, **options):
        packets = encode(*args, **options)
        monkeypatch.setitem(sys.modules, "av", None)
        return packets

    monkeypatch.setattr(video, "encode", encode_then_hide, raising=False)
    found, summary = labelled("h264")
    assert found == {}
    assert summary.streams["camera.front"].dropped == {"no_video_decoder": 12}
    (text,) = [str(issue) for issue in summary.issues if issue.code == "no_video_decoder"]
    assert "H.264" in text
    assert "pip install av" in text


def test_points_before_a_camera_that_sends_video_are_corrected_as_before_one_that_sends_images(
    world, labelled
):
    correction = {"camera.front.correction_rpy_deg": [0.0, 20.0, 0.0]}

    def labels():
        clouds = world.read(world.folder / "h264_out.mcap", "/lidar/top/semantic/points")
        return {tuple(decode_cloud(cloud).points["label"].reshape(-1).tolist()) for cloud in clouds}

    # 11 degrees to the left and to the right, and behind: what was left lies on the right.
    labelled("h264")
    assert labels() == {(0, 1, 255)}
    for path in world.folder.glob("h264*.mcap"):
        path.unlink()
    _, summary = labelled("h264", config=correction)
    assert labels() == {(1, 1, 255)}
    assert "extrinsics_corrected" in {i.code for i in summary.issues if i.stream == "camera.front"}

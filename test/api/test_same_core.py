"""What Python labels and paints is what replay publishes, byte for byte."""

from pathlib import Path

import numpy as np
import pytest

from seg_perception import Model, View, read_bag
from seg_perception.config import Config
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.images import decode_label_image, encode_confidence
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import replay

IMAGES, SCANS = "/camera/front/image_raw", "/lidar/top/points"
PARAMETERS = {
    "cameras": ["front"],
    "camera.front.image_topic": IMAGES,
    "lidars": ["top"],
    "lidar.top.topic": SCANS,
}


@pytest.fixture(scope="module")
def field_tiny():
    with Model("field_tiny") as model:
        yield model


def replayed(bag: Path, folder: Path, topic: str, **parameters: object) -> list:
    flat = {key.replace("__", "."): value for key, value in parameters.items()}
    out = folder / "labelled.mcap"
    replay(bag, out, Config.from_parameters({**PARAMETERS, **flat}))
    with BagReader(out) as labelled:
        return [message.message for message in labelled.messages({topic})]


def test_labels_at_the_image_s_size(drive, field_tiny, tmp_path):
    topic = "/camera/front/semantic/label_image"
    published = replayed(drive, tmp_path, topic, segmentation__output_size="input")
    with read_bag(drive, topics=IMAGES) as bag:
        labels = [field_tiny.label(image) for image in bag.images()]
    assert len(labels) == len(published) == 4
    for ours, message in zip(labels, published, strict=True):
        assert np.array_equal(ours.labels, decode_label_image(message))
        assert len(np.unique(ours.labels)) > 3


def test_confidence_and_what_points_look_up(drive, field_tiny, tmp_path):
    topic = "/camera/front/semantic/confidence"
    published = replayed(drive, tmp_path, topic)
    with read_bag(drive, topics=IMAGES) as bag:
        labels = field_tiny.label(next(bag.images()))
    message = encode_confidence(labels.label_map)
    assert bytes(message.data) == bytes(published[0].data)
    assert labels.confidence.max() == pytest.approx(labels.label_map.confidence.max() / 255)


def painted_at(bag, index):
    """One image and the cloud of its stamp."""
    image, cloud = list(bag.images(IMAGES))[index], list(bag.clouds(SCANS))[index]
    assert image.stamp_ns == cloud.stamp_ns
    return image, cloud


def expect_equal(ours, message, error=0.0):
    theirs = decode_cloud(message).points.reshape(-1)
    known = ours.labels != ours.unknown_id
    assert known.sum() > 200
    assert np.array_equal(ours.labels, theirs["label"])
    assert np.abs(ours.confidence - theirs["confidence"]).max() <= error


CLOUD = "/lidar/top/semantic/points"


def test_a_sweep_taken_as_at_rest_from_bare_arrays(drive, field_tiny, tmp_path):
    published = replayed(drive, tmp_path, CLOUD, transforms__fixed_frame="")
    with read_bag(drive) as bag:
        image, cloud = painted_at(bag, 2)
        T = bag.transform(image.frame_id, cloud.frame_id, cloud.stamp_ns)
        camera = bag.camera(IMAGES)
        labels = field_tiny.label(image.rgb)
        ours = field_tiny.paint(cloud.xyz, labels, camera, T)
    expect_equal(ours, published[2])


@pytest.mark.parametrize("how", ["bag", "function", "poses", "times"])
def test_a_sweep_on_the_way(drive, field_tiny, tmp_path, how):
    published = replayed(drive, tmp_path, CLOUD)
    with read_bag(drive) as bag:
        image, cloud = painted_at(bag, 2)
        labels = field_tiny.label(image)
        T = bag.transform(image.frame_id, cloud.frame_id, cloud.stamp_ns)

        def pose(stamp_ns):
            return bag.transform("odom", cloud.frame_id, stamp_ns)

        stamps = np.arange(cloud.stamp_ns - 60_000_000, cloud.stamp_ns + 140_000_000, 2_000_000)
        poses = stamps, np.stack([pose(int(stamp)) for stamp in stamps])
        times = {"stamp_ns": cloud.stamp_ns, "point_times_s": cloud.points["t"] * 1e-9}
        ours = {
            "bag": lambda: field_tiny.paint(cloud, labels, transforms=bag),
            "function": lambda: field_tiny.paint(cloud, labels, image.camera, T, poses=pose),
            "poses": lambda: field_tiny.paint(cloud, labels, image.camera, T, poses=poses),
            "times": lambda: field_tiny.paint(
                cloud.xyz, labels, image.camera, T, poses=pose, **times
            ),
        }[how]()
        rest = field_tiny.paint(cloud.xyz, labels, image.camera, T)
    # Poses that are sampled differ by rounding from those of the tree.
    expect_equal(ours, published[2], error=0.0 if how == "bag" else 1e-4)
    assert not np.array_equal(rest.labels, ours.labels)
    assert np.array_equal(ours.xyz, cloud.xyz)


def test_several_cameras_vote_as_in_a_replay(drive, field_tiny, tmp_path):
    names = ("front", "left", "right")
    topics = {f"camera__{n}__image_topic": f"/camera/{n}/image_raw" for n in names}
    at_rest = {"cameras": list(names), "transforms__fixed_frame": ""}
    published = replayed(drive, tmp_path, CLOUD, **topics, **at_rest)
    with read_bag(drive) as bag:
        cloud = list(bag.clouds(SCANS))[2]
        views = []
        for topic in topics.values():
            image = list(bag.images(topic))[2]
            T = bag.transform(image.frame_id, cloud.frame_id, cloud.stamp_ns)
            views.append(View(field_tiny.label(image.rgb), image.camera, T))
        ours = field_tiny.paint(cloud.xyz, views)
    expect_equal(ours, published[2])
    assert set(np.unique(ours.sources)) == {0, 1, 2, 255}


def test_a_radar_s_returns_get_a_radar_s_labels(drive, field_tiny, tmp_path):
    topic = "/radar/front/points"
    parameters = {key: PARAMETERS[key] for key in ("cameras", "camera.front.image_topic")}
    radar = {"radars": ["front"], "radar.front.topic": topic}
    out = tmp_path / "labelled.mcap"
    replay(drive, out, Config.from_parameters({**parameters, **radar}))
    with BagReader(out) as labelled:
        published = next(labelled.messages({"/radar/front/semantic/points"})).message
    with read_bag(drive) as bag:
        image, cloud = next(bag.images(IMAGES)), next(bag.clouds(topic))
        assert cloud.sensor == "radar"
        assert next(bag.clouds(SCANS)).sensor == "lidar"
        ours = field_tiny.paint(cloud, field_tiny.label(image), transforms=bag)
    theirs = decode_cloud(published).points.reshape(-1)
    assert (ours.labels != ours.unknown_id).sum() > 10
    assert np.array_equal(ours.labels, theirs["label"])
    assert np.array_equal(ours.confidence, theirs["confidence"])

"""Names of topics, and configurations in which two of them would be one."""

import pytest

from seg_perception.config import CameraConfig, Config, LidarConfig
from seg_perception.config.input_topics import camera_info_topic, is_compressed
from seg_perception.core.errors import ConfigError
from seg_perception.outputs.topics import CameraTopics, check_topics, cloud_topic, private


@pytest.mark.parametrize(
    ("image", "label_image", "camera_info"),
    [
        ("/a/front/image_raw", "/a/front/semantic/label_image", "/a/front/camera_info"),
        ("/a/image_raw/compressed", "/a/semantic/label_image", "/a/camera_info"),
        ("/image", "/semantic/label_image", "/camera_info"),
        ("image", "semantic/label_image", "camera_info"),
    ],
)
def test_topics_lie_beside_the_image(image, label_image, camera_info):
    camera = CameraConfig(image_topic=image)
    assert CameraTopics.of(camera).label_image == label_image
    assert camera_info_topic(camera) == camera_info


def test_names_that_are_given_are_taken():
    camera = CameraConfig(image_topic="/a/b", output_prefix="/out/", camera_info_topic="/lens")
    assert CameraTopics.of(camera).overlay == "/out/semantic/overlay"
    assert camera_info_topic(camera) == "/lens"
    assert cloud_topic(LidarConfig(topic="/a/points", output_topic="/b")) == "/b"
    assert cloud_topic(LidarConfig(topic="/a/points")) == "/a/semantic/points"


@pytest.mark.parametrize(
    ("topic", "transport", "compressed"),
    [
        ("/a/image", "auto", False),
        ("/a/image/compressed", "auto", True),
        ("/a/image", "compressed", True),
        ("/a/compressed", "raw", False),
    ],
)
def test_transport_is_read_from_the_name_unless_it_is_said(topic, transport, compressed):
    assert is_compressed(CameraConfig(image_topic=topic, transport=transport)) is compressed


def test_a_camera_has_seven_topics_all_different():
    topics = list(CameraTopics.of(CameraConfig(image_topic="/a/image")))
    assert len(set(topics)) == 7
    assert all(topic.startswith("/a/semantic/") for topic in topics)


def test_private_topics_are_below_the_node():
    assert private("~/legend") == "/perception_node/legend"


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"camera.a.image_topic": "/x/left", "camera.b.image_topic": "/x/right"},
            "camera.a.output_prefix and camera.b.output_prefix both give",
        ),
        (
            {
                "camera.a.image_topic": "/x/i",
                "camera.b.image_topic": "/x/i",
                "camera.b.output_prefix": "/b",
            },
            "both name /x/i",
        ),
        (
            {
                "camera.a.image_topic": "/x/i",
                "camera.b.image_topic": "/y/i",
                "camera.b.output_prefix": "/x",
            },
            "camera.b.output_prefix both give",
        ),
        (
            {"camera.a.image_topic": "/x/semantic/color", "camera.a.output_prefix": "/x"},
            "both read and published",
        ),
        (
            {
                "camera.a.image_topic": "/x/i",
                "camera.a.camera_info_topic": "/x/semantic/camera_info",
            },
            "/x/semantic/camera_info would be both read and published",
        ),
    ],
)
def test_topics_that_clash_are_refused(parameters, sentence):
    cameras = sorted({key.split(".")[1] for key in parameters})
    config = Config.from_parameters({"cameras": cameras, **parameters})
    with pytest.raises(ConfigError, match=sentence):
        check_topics(config)


def test_topics_in_order_pass():
    check_topics(
        Config.from_parameters(
            {
                "cameras": ["a"],
                "camera.a.image_topic": "/a/image",
                "lidars": ["b"],
                "lidar.b.topic": "/b/points",
            }
        )
    )

"""Names of topics, and configurations in which two of them would be one."""

import pytest

from seg_perception.config import CameraConfig, Config, LidarConfig
from seg_perception.config.input_topics import (
    base_topic,
    camera_info_topic,
    is_video_stream,
    likely_image_type,
)
from seg_perception.core.errors import ConfigError
from seg_perception.io import messages as m
from seg_perception.io.perception_messages import SemanticLegend
from seg_perception.outputs.topics import (
    CameraTopics,
    check_topics,
    cloud_topic,
    description_topics,
    image_descriptions,
    image_topics,
    output_topics,
    private,
)


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


IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
FFMPEG = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket"
FOXGLOVE = "foxglove_msgs/msg/CompressedVideo"


@pytest.mark.parametrize(
    ("topic", "transport", "type_name"),
    [
        ("/a/image", "auto", IMAGE),
        ("/a/image/compressed", "auto", COMPRESSED),
        ("/a/image", "compressed", COMPRESSED),
        ("/a/compressed", "raw", IMAGE),
        ("/a/image/ffmpeg", "auto", FFMPEG),
        ("/a/image/foxglove", "video", FOXGLOVE),
        ("/a/image/h265", "auto", COMPRESSED),
        ("/a/image", "video", COMPRESSED),
        ("/a/image/ffmpeg", "compressed", COMPRESSED),
    ],
)
def test_transport_is_read_from_the_name_unless_it_is_said(topic, transport, type_name):
    assert likely_image_type(CameraConfig(image_topic=topic, transport=transport)) == type_name


def test_streams_of_video_are_known_by_transport_type_or_name():
    plain = CameraConfig(image_topic="/a/image")
    assert not is_video_stream(plain, IMAGE)
    assert not is_video_stream(plain, COMPRESSED)
    assert is_video_stream(plain, FFMPEG)
    assert is_video_stream(plain, FOXGLOVE)
    assert is_video_stream(CameraConfig(image_topic="/a/image/h264"), COMPRESSED)
    assert is_video_stream(CameraConfig(image_topic="/a", transport="video"), COMPRESSED)


@pytest.mark.parametrize("suffix", ["", "/compressed", "/ffmpeg", "/foxglove", "/h264", "/hevc"])
def test_camera_info_lies_beside_the_topic_without_its_transport(suffix):
    assert base_topic(f"/a/image{suffix}") == "/a/image"
    assert camera_info_topic(CameraConfig(image_topic=f"/a/image{suffix}")) == "/a/camera_info"


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


SENSORS = {
    "cameras": ["a"],
    "camera.a.image_topic": "/a/image",
    "lidars": ["b"],
    "lidar.b.topic": "/b/points",
    "radars": ["c"],
    "radar.c.topic": "/c/points",
}


def test_every_output_has_one_type():
    found = {
        topic.name: topic.type_name for topic in output_topics(Config.from_parameters(SENSORS))
    }
    pictures = ("label_image", "confidence", "color", "overlay")
    assert found == {
        "~/legend": SemanticLegend.type_name,
        "~/legend_image": m.Image.type_name,
        **{f"/a/semantic/{name}": m.Image.type_name for name in pictures},
        "/a/semantic/label_image/compressed": m.CompressedImage.type_name,
        "/a/semantic/camera_info": m.CameraInfo.type_name,
        "/a/semantic/label_info": m.LabelInfo.type_name,
        "/b/semantic/points": m.PointCloud2.type_name,
        "/b/semantic/obstacles": m.PointCloud2.type_name,
        "/b/semantic/nav2/label_image": m.Image.type_name,
        "/b/semantic/nav2/confidence": m.Image.type_name,
        "/b/semantic/nav2/points": m.PointCloud2.type_name,
        "/b/semantic/nav2/label_info": m.LabelInfo.type_name,
        "/c/semantic/points": m.PointCloud2.type_name,
        "~/map": m.PointCloud2.type_name,
        "~/map_updates": m.PointCloud2.type_name,
        "~/costmap": m.OccupancyGrid.type_name,
    }


@pytest.mark.parametrize(
    ("parameters", "added"),
    [
        ({"output.png": True}, {"/a/semantic/label_image/compressed"}),
        ({"costmap.obstacles": True}, {"/b/semantic/obstacles"}),
        (
            {"output.nav2_semantic_cloud": True},
            {
                f"/b/semantic/nav2/{name}"
                for name in ("label_image", "confidence", "points", "label_info")
            },
        ),
        ({"map.enabled": True}, {"~/map"}),
        ({"costmap.grid": True}, set()),
        ({"map.enabled": True, "costmap.grid": True}, {"~/map", "~/costmap"}),
    ],
)
def test_a_parameter_switches_its_outputs_on(parameters, added):
    assert enabled(parameters) - enabled({}) == added


@pytest.mark.parametrize("picture", ["confidence", "color", "overlay"])
def test_a_parameter_switches_a_picture_off(picture):
    assert enabled({}) - enabled({f"output.{picture}": False}) == {f"/a/semantic/{picture}"}


def enabled(parameters):
    config = Config.from_parameters({**SENSORS, **parameters})
    return {topic.name for topic in output_topics(config) if topic.enabled}


def test_the_cameras_topics_are_all_in_the_list():
    config = Config.from_parameters(SENSORS)
    topics = (*image_topics(config), *image_descriptions(config))
    assert {t.name for t in topics} == set(CameraTopics.of(config.cameras["a"]))


def test_what_explains_labels_is_latched_and_nothing_else():
    config = Config.from_parameters(SENSORS)
    described = {topic.name for topic in description_topics(config)}
    assert described == {
        *("~/legend", "~/legend_image"),
        *("/a/semantic/label_info", "/b/semantic/nav2/label_info"),
    }
    assert {topic.name for topic in output_topics(config) if topic.latched} == described


def test_obstacles_clash_only_where_they_are_published():
    lidars = {
        "lidars": ["a", "b"],
        "lidar.a.topic": "/x/one",
        "lidar.a.output_topic": "/out/one",
        "lidar.b.topic": "/x/two",
        "lidar.b.output_topic": "/out/two",
    }
    check_topics(Config.from_parameters(lidars))
    with pytest.raises(ConfigError, match="both give /out/obstacles"):
        check_topics(Config.from_parameters({**lidars, "costmap.obstacles": True}))


def test_a_cloud_under_the_name_of_the_map_is_refused():
    lidar = {"lidars": ["a"], "lidar.a.topic": "/x", "lidar.a.output_topic": "~/map"}
    check_topics(Config.from_parameters(lidar))
    with pytest.raises(ConfigError, match=r"lidar\.a\.output_topic and map\.enabled both"):
        check_topics(Config.from_parameters({**lidar, "map.enabled": True}))

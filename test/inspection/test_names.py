"""Names of sensors, guessed from their topics."""

import pytest

from seg_perception.inspection.names import name_sensors


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("/camera/front/image_raw", "front"),
        ("/sensor/camera/windshield/vis/image_rect_color", "windshield"),
        ("/ids_camera/image_raw/compressed", "ids_camera"),
        ("/camera/image_raw", "sensor"),
        ("/ouster/points", "ouster"),
        ("/velodyne_points", "velodyne"),
        ("/hugin_raf_1/radar_data", "hugin_raf_1"),
        ("/camera/0/image_raw", "sensor_0"),
        ("/a.b/image", "a_b"),
    ],
)
def test_names_come_from_topics(topic, name):
    assert name_sensors([topic], "sensor") == {topic: name}


def test_names_are_different():
    names = name_sensors(
        ["/left/cam/image", "/right/cam/image", "/x/left/image"], "camera", ["left"]
    )
    assert list(names.values()) == ["camera", "right", "x"]
    assert name_sensors(["/image", "/camera/image"], "camera")["/camera/image"] == "camera_2"

"""Names are taken as ROS 2 takes them."""

import pytest

from seg_perception.config.topic_names import is_topic_name

GOOD = ["/a", "a", "~/a", "~a", "/a_1/b", "a/b/c", "/{node}/a", "/a" * 100]
BAD = ["", "/", "/a/", "/a//b", "/a b", "/1a", "/a/1b", "/a/~/b", "/ä", "/a-b", "/a\n"]


@pytest.mark.parametrize("name", GOOD)
def test_good_names(name):
    assert is_topic_name(name)


@pytest.mark.parametrize("name", [*BAD, "/" + "a" * 247])
def test_bad_names(name):
    assert not is_topic_name(name)


@pytest.mark.ros
@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_rclpy_agrees(name):
    validation = pytest.importorskip("rclpy.validate_topic_name")
    from rclpy.exceptions import InvalidTopicNameException

    if is_topic_name(name):
        validation.validate_topic_name(name)
    elif name != "/a//b":  # which is refused later, when it is expanded
        with pytest.raises(InvalidTopicNameException):
            validation.validate_topic_name(name)

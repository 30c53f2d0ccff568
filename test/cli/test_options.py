"""Settings that are given on the command line."""

import pytest

from seg_perception.cli.options import apply_settings
from seg_perception.core.errors import ConfigError


def test_settings_list_and_unlist_sensors():
    given = {"cameras": ["a", "b"], "camera.a.image_topic": "/a", "camera.b.image_topic": "/b"}
    settings = ["cameras=[b]", "lidar.top.topic=/points", "camera.b.rectified=true"]
    assert apply_settings(given, settings) == {
        "cameras": ["b"],
        "camera.b.image_topic": "/b",
        "camera.b.rectified": True,
        "lidars": ["top"],
        "lidar.top.topic": "/points",
    }


@pytest.mark.parametrize("setting", ["nothing", "=3", "a={"])
def test_settings_of_another_form_are_refused(setting):
    with pytest.raises(ConfigError, match="--set"):
        apply_settings({}, [setting])

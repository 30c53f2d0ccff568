"""Values set in parameter files of every form; what people wrote beside them stays."""

import pytest
import yaml

from seg_perception.config.parameter_edit import edited
from seg_perception.config.parameter_file import flatten
from seg_perception.core.errors import ConfigError

KEY = "camera.front.correction_rpy_deg"
VALUE = {KEY: [0.5, -0.25, 1.0]}
NODE = "seg_perception"
BLOCK = """\
# my robot
/**:
  ros__parameters:
    cameras: [front]  # one
    camera:
      front:
        image_topic: /front/image_raw  # left of the mast
"""


def read(text):
    return flatten(next(iter(yaml.safe_load(text).values()))["ros__parameters"])


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        BLOCK + "        correction_rpy_deg: [9.0, 9.0, 9.0]  # old\n",
        BLOCK + "        correction_rpy_deg:\n        - 9.0\n        - 9.0\n        - 9.0\n",
        "/**:\n  ros__parameters:\n    camera.front.image_topic: /a\n",
        "/**: {ros__parameters: {camera: {front: {image_topic: /a}}}}\n",
        "seg_perception:\n  ros__parameters:\n    cameras: []\n",
    ],
    ids=["block", "replaced", "a line each", "dotted", "flow", "own section"],
)
def test_a_value_is_set_and_nothing_else_changes(text):
    new = edited(text, NODE, VALUE, "robot.yaml")
    before, after = read(text), read(new)
    assert after.pop(KEY) == VALUE[KEY]
    before.pop(KEY, None)
    assert after == before
    for comment in ("# my robot", "# one", "# left of the mast", "# old"):
        assert (comment in new) == (comment in text)


def test_setting_twice_is_setting_the_second():
    once = edited(BLOCK, NODE, {KEY: [1.0, 1.0, 1.0]}, "robot.yaml")
    assert edited(once, NODE, VALUE, "robot.yaml") == edited(BLOCK, NODE, VALUE, "robot.yaml")


def test_of_several_sections_the_one_that_describes_the_camera_is_changed():
    text = BLOCK + "seg_perception:\n  ros__parameters:\n    output.color: false\n"
    changed = yaml.safe_load(edited(text, NODE, VALUE, "robot.yaml"))
    camera = changed["/**"]["ros__parameters"]["camera"]["front"]
    assert camera["correction_rpy_deg"] == VALUE[KEY]


def test_a_value_that_a_later_section_overrides_is_refused():
    text = "/**:\n  ros__parameters:\n    camera: &a {front: {image_topic: /a}}\n"
    text += f"seg_perception:\n  ros__parameters:\n    {KEY}: [1.0, 1.0, 1.0]\n"
    changed = yaml.safe_load(edited(text, NODE, VALUE, "robot.yaml"))
    assert changed["seg_perception"]["ros__parameters"][KEY] == VALUE[KEY]


def test_what_can_not_be_set_is_said():
    with pytest.raises(ConfigError, match="expected a file whose values can be set"):
        edited("- 1\n", NODE, VALUE, "robot.yaml")

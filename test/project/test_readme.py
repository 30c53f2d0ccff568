"""README's first screen says what works."""

from __future__ import annotations

import re
import shlex

import cv2
import numpy as np
import pytest
from typer.main import get_command

from seg_perception import Camera
from seg_perception.cli.main import app


@pytest.fixture(scope="module")
def readme(repo):
    return (repo / "README.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_lines_of_python_label_an_image_and_a_cloud(readme, repo):
    (code,) = blocks(readme, "python")
    golden = repo / "seg_perception" / "bundles" / "field_tiny" / "golden"
    forward = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    given = {
        "image": cv2.imread(str(golden / "00.png"))[..., ::-1],
        "points": np.array([[10.0, 0, 0], [-10.0, 0, 0]]),
        "camera": Camera([[400, 0, 256], [0, 400, 144], [0, 0, 1]], (512, 288)),
        "T_camera_lidar": forward,
    }
    exec(compile(code, "README.md", "exec"), given)  # noqa: S102  (our own file)
    labels, cloud = given["labels"], given["cloud"]
    assert labels.labels.shape == (288, 512)
    # The point ahead has the label of the pixel in the middle, the one behind has none.
    assert cloud.labels[0] == labels.labels[144, 256]
    assert cloud.labels[1] == 255


def test_each_command_exists_with_its_options(readme):
    lines = [line for block in blocks(readme, "sh") for line in block.splitlines()]
    said = [line for line in lines if line.startswith("seg-perception ")]
    inline = re.findall(
        r"`[^`]*?(seg-perception [^`]+)`", re.sub(r"```.*?```", "", readme, flags=re.DOTALL)
    )
    assert len(said) >= 4
    for line in said + inline:
        words = shlex.split(line, comments=True)[1:]
        command = get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line

"""A node whose bundle knows a striped world: it says what is unlike it, and when that is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytestmark = pytest.mark.ros

WORDS = "its pictures are unlike what the model knows: "


def striped(seed: int) -> NDArray[np.uint8]:
    """Red, green and blue, about 200 each, uint8 (8, 16, 3)."""
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :5, 0] = image[:, 5:11, 1] = image[:, 11:, 2] = 200
    return image + np.random.default_rng(seed).integers(0, 30, image.shape, np.uint8)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, colour_model) -> Path:
    """The colours' model, fitted to stripes by the mean of each colour in each part."""
    folder = tmp_path_factory.mktemp("familiar")
    (folder / "pictures").mkdir()
    for number in range(60):
        cv2.imwrite(str(folder / f"pictures/{number:02}.png"), striped(number)[..., ::-1])
    return colour_model.familiar(folder, folder / "pictures", 16, 8)


def test_the_node_says_what_its_bundle_does_not_know(start_node, robot, wait_until) -> None:
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    running = start_node()
    numbers: Iterator[int] = iter(range(0, 3_000, 3))

    def until(picture, is_there, words) -> None:
        """Show pictures of one kind, 0.3 s apart by their stamps."""

        def look() -> bool:
            number = next(numbers)
            running.step(number, picture(number))
            return is_there()

        wait_until(look, words)

    def said() -> str:
        return newest_word(diagnostics)

    until(striped, lambda: said().endswith("times the distance of known places"), "a distance")
    assert float(said().split()[0]) < 1.5
    assert not running.says(WORDS)
    until(lambda n: 255 - striped(n), lambda: running.says(f"camera.front: {WORDS}"), "the words")
    until(lambda n: 255 - striped(n), lambda: "unlike them since" in said(), "since when")
    assert float(said().split()[0]) > 1
    until(striped, lambda: not running.says(WORDS), "that it is over")
    until(striped, lambda: "unlike" not in said(), "that it is over there, too")
    streams = running.account()
    assert streams["camera.front"]["dropped"] == {}
    assert "camera.front: its pictures were unlike what the model knows: for " in running.log


def newest_word(diagnostics) -> str:
    """Of the camera's familiarity; empty before there is any."""
    values = [
        entry.value
        for array in diagnostics
        for status in array.status
        for entry in status.values
        if "familiar" in entry.key
    ]
    return values[-1] if values else ""

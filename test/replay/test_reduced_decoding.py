"""JPEG images that a replay decodes at half their size: the same labels at the same points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import ConfigError
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import CompressedImage
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import ReplayOptions, replay

LABELS, CLOUD = "/camera/front/semantic/label_image", "/lidar/top/semantic/points"


def jpeg_bag(world: Any, *, scale: int = 1) -> Path:
    """The fixture's images, so many times as large, as JPEG; its lens as it is."""
    events = []
    for at, topic, message in world.events():
        if topic == world.image_topic:
            rgb = np.frombuffer(message.data, np.uint8).reshape(48, 64, 3)
            large = rgb.repeat(scale, 0).repeat(scale, 1)[..., ::-1]
            file = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
            message = CompressedImage(message.header, "jpeg", file)  # noqa: PLW2901
        events.append((at, topic, message))
    return world.bag(events)  # type: ignore[no-any-return]


@pytest.mark.parametrize("threads", [1, 2])
def test_labels_and_points_are_those_of_all_pixels(world: Any, threads: int) -> None:
    bag = jpeg_bag(world)
    said, options = {}, ReplayOptions(threads=threads)
    for decode in ("full", "reduced"):
        out = world.folder / f"{decode}.mcap"
        summary = replay(bag, out, world.config(segmentation__decode=decode), options)
        assert summary.streams["camera.front"].published == 5
        labels = [decode_label_image(message) for message in world.read(out, LABELS)]
        points = [decode_cloud(message).points["label"] for message in world.read(out, CLOUD)]
        said[decode] = labels, points
    for full, reduced in zip(said["full"], said["reduced"], strict=True):
        np.testing.assert_array_equal(full, reduced)
    assert said["reduced"][1][1].ravel().tolist() == [world.red, world.green, world.unknown]


def test_images_of_another_size_than_their_lens_are_refused_by_the_size_they_have(
    world: Any,
) -> None:
    """128x96 is reduced to 32x24, not to the lens's 64x48, and it is not a half of it, either."""
    bag, out = jpeg_bag(world, scale=2), world.folder / "out.mcap"
    summary = replay(bag, out, world.config(segmentation__decode="reduced"))
    assert summary.streams["camera.front"].dropped == {"size_mismatch": 5}
    assert any("128x96" in issue.sentence for issue in summary.issues)


def test_labels_of_all_pixels_need_all_pixels(world: Any) -> None:
    with pytest.raises(ConfigError, match=r"segmentation\.decode: expected full, since"):
        world.config(segmentation__decode="reduced", segmentation__output_size="input")

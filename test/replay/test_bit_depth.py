"""Images of 10 and 12 bits in 16, raw and as PNG: in a replay and in `inspect` alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from seg_perception.inspection import inspect_bag
from seg_perception.io.images import decode_image, decode_label_image
from seg_perception.io.messages import CompressedImage
from seg_perception.replay import replay

LABELS, OVERLAY = (f"/camera/front/semantic/{name}" for name in ("label_image", "overlay"))


def deep_bag(world: Any, bits: int, *, png: bool = False) -> Path:
    """The colours of the fixture, 200 of 255, in so many bits of 16."""
    events = []
    for at, topic, message in world.events():
        if topic != world.image_topic:
            events.append((at, topic, message))
            continue
        eight = np.frombuffer(message.data, np.uint8).reshape(48, 64, 3).astype(np.uint32)
        deep = (eight * ((1 << bits) - 1) // 255).astype(np.uint16)
        if png:
            file = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()
            packed = CompressedImage(message.header, "rgb16; png compressed bgr16", file)
            events.append((at, f"{topic}/compressed", packed))
        else:
            message.encoding, message.step, message.data = "rgb16", 64 * 6, deep.tobytes()
            events.append((at, topic, message))
    return world.bag(events)  # type: ignore[no-any-return]


@pytest.mark.parametrize("png", [False, True])
@pytest.mark.parametrize(("bits", "given"), [(10, 0), (12, 0), (16, 0), (12, 12)])
def test_images_of_fewer_bits_are_labelled_as_those_of_eight(
    world: Any,
    bits: int,
    given: int,
    png: bool,  # noqa: FBT001
) -> None:
    bag, out = deep_bag(world, bits, png=png), world.folder / "out.mcap"
    topic = f"{world.image_topic}/compressed" if png else world.image_topic
    parameters = {"camera__front__bit_depth": given, "camera__front__image_topic": topic}
    summary = replay(bag, out, world.config(**parameters))
    labels = [decode_label_image(message) for message in world.read(out, LABELS)]
    assert len(labels) == 5
    assert (labels[0][:, :16] == world.red).all()
    assert (labels[0][:, 16:] == world.green).all()
    # Half of 200, half of 255, as of images of 8 bits.
    overlay = decode_image(world.read(out, OVERLAY)[0])
    assert abs(int(overlay[0, 0, 0]) - 228) <= 1
    said = [issue.sentence for issue in summary.issues if issue.code == "bit_depth"]
    assert len(said) == (given == 0)
    if given == 0:
        assert f"read as {bits} bits" in said[0]
        beforehand = [issue.sentence for issue in inspect_bag(bag).issues]
        assert said[0] in beforehand

"""README and the page of Python, by the letter."""

import re

import cv2
import numpy as np
import pytest

from seg_perception import Camera, CloudLabels, ImageLabels
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.transforms import encode_tf

TOPICS = {
    "/camera/front/image_raw": "/front/image_raw",
    "/camera/front/camera_info": "/front/camera_info",
    "/lidar/top/points": "/lidar/points",
}


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def write_bag(world, path):
    """The world under the names of the page, driving at 1 m/s."""
    with BagWriter(path) as bag:
        for at, topic, message in world.events():
            T = np.eye(4)
            T[0, 3] = (at - world.start_ns) / 1e9
            for stamp_ns in (at - 100 * world.ms, at, at + 100 * world.ms):
                moving = encode_tf([StampedTransform("odom", "base_link", stamp_ns, T)])
                bag.write("/tf", moving, at)
            bag.write(TOPICS.get(topic, topic), message, at, latched=topic == "/tf_static")


@pytest.fixture
def given(world, mount, monkeypatch):
    """What the pages take as given, in an empty folder."""
    monkeypatch.chdir(world.folder)
    k = [32, 0, 31.5, 0, 32, 23.5, 0, 0, 1]
    (world.folder / "front.yaml").write_text(
        f"image_width: 64\nimage_height: 48\ncamera_matrix: {{rows: 3, cols: 3, data: {k}}}\n"
        "distortion_model: plumb_bob\ndistortion_coefficients: {rows: 1, cols: 5, data: [0]}\n"
    )
    write_bag(world, world.folder / "my_bag")
    image = world.image(world.start_ns).data.reshape(48, 64, 3)
    cv2.imwrite("photo.jpg", image[..., ::-1])
    points = np.array([[10.0, 2, 0], [10, -2, 0], [-10, 0, 0]])
    return {
        "image": image,
        "points": points,
        "camera": Camera(k, (64, 48)),
        "T_camera_lidar": mount,
        "camera_info": world.lens(world.start_ns),
        "image_stamp_ns": world.start_ns,
        "cloud_stamp_ns": world.start_ns + 5 * world.ms,
        "times": np.zeros(3),
        "pose": lambda _: np.eye(4),
        **dict(zip(("fx", "fy", "cx", "cy"), (1000, 1000, 960, 540), strict=True)),
        **dict.fromkeys(("k1", "k2", "p1", "p2", "k3"), 0.0),
    }


def test_readme_s_lines(repo, given):
    (code,) = (code for code in blocks(repo / "README.md") if "seg_perception" in code)
    exec(code, given)  # noqa: S102 (our own page)
    assert isinstance(given["labels"], ImageLabels)
    assert isinstance(given["cloud"], CloudLabels)
    # Two are in view, of which the model may say what a return can't be.
    assert given["cloud"].why_not["out_of_view"] == 1


def test_every_line_of_the_page(repo, given, world):
    for code in blocks(repo / "docs" / "how_to" / "python.md"):
        exec(code, given)  # noqa: S102 (our own page)
    files = {"ids.png", "look.jpg", "labelled.ply"}
    assert {path.name for path in world.folder.iterdir()} >= files
    assert given["painted"].why_not["out_of_view"] == 1

"""The demo's drive as a video."""

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.demo.drive import DemoScan, Drive, Labelled
from seg_perception.demo.video import draw_video
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.inference.bundle import Bundle
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import replay
from seg_perception.simulation.config import SimulationConfig

av = pytest.importorskip("av", reason="PyAV is not installed; pip install av")


@pytest.fixture
def drive(world):
    """A recording by itself in both roles: what was seen, and what was made of it."""
    config = world.config()
    still = encode_tf([StampedTransform("odom", "base_link", world.start_ns, np.eye(4))])
    events = sorted([*world.events(), (world.start_ns, "/tf", still)], key=lambda event: event[0])
    replay(world.bag(events), world.folder / "labelled.mcap", config)
    seen = SimulationConfig()
    return Drive(world.folder / "labelled.mcap", world.folder / "in.mcap", config, seen)


def test_results_come_as_they_were_recorded_each_picture_with_its_own_image(world, drive):
    found = list(drive.results())
    pictures = [(name, r) for name, r in found if isinstance(r, Labelled)]
    scans = [(name, r) for name, r in found if isinstance(r, DemoScan)]
    assert [name for name, _ in pictures] == ["front"] * 5
    assert [name for name, _ in scans] == ["lidar_top"] * 5
    step = 100 * world.ms
    assert [p.stamp_ns for _, p in pictures] == [world.start_ns + n * step for n in range(5)]
    for _, picture in pictures:
        assert picture.image[10, 5].tolist() == [200, 0, 0]
        assert (picture.labels[5, 2], picture.labels[5, -2]) == (world.red, world.green)


def test_every_labelled_picture_is_drawn(world, drive):
    path = world.folder / "demo.mp4"
    summary = draw_video(drive, Bundle.load(str(world.bundle)).ontology, path)
    assert (summary.pictures, summary.file) == (5, str(path))
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=1e-4)


def test_scans_are_drawn_in_the_robots_frame(world, monkeypatch):
    tree = TransformTree()
    turned = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float64)
    tree.set_static("base_link", "lidar", turned)

    class Turned:
        camera_name, transforms, base_frame = "front", tree, "base_link"

        @staticmethod
        def results():
            xyz = np.array([[0, -10, 0]], np.float32)
            yield "top", DemoScan(0, "lidar", xyz, np.zeros(1, np.uint16), np.zeros(1, bool))
            yield "front", Labelled(0, np.zeros((240, 320, 3), np.uint8), np.ones((4, 4), np.uint8))

    ontology = Ontology.model_validate(
        {
            "name": "two",
            "classes": [
                {"id": 0, "name": "red", "color": "#ff0000"},
                {"id": 1, "name": "green", "color": "#00ff00"},
            ],
        }
    )
    draw_video(Turned(), ontology, world.folder / "turned.mp4")
    with av.open(str(world.folder / "turned.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    # Its right is the robot's ahead: ten of thirty metres above the middle of the square.
    redness = picture[:240, 320:, 0] - picture[:240, 320:, 1:].max(axis=2)
    assert np.argwhere(redness > 60).mean(axis=0) == pytest.approx([120 - 40, 120], abs=2)

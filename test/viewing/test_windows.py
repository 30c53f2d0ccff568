"""Windows on a display without a screen, drawn by the processor: what they show is looked at."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.io.class_comments import class_comments
from seg_perception.io.point_files import write_points
from seg_perception.replay import replay

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
SIZE = (1280, 800)
# Colours of the screen are near those that were given; JPEG, points' edges and the renderer's
# curve alter them a little.
NEAR = 40


class Display:
    """Xvfb, whose picture lies in a file."""

    def __init__(self, program: str, folder: Path) -> None:
        self._file = folder / "Xvfb_screen0"
        receiver, sender = os.pipe()
        width, height = SIZE
        size = f"{width}x{height}x24"
        command = [program, "-displayfd", str(sender), "-screen", "0", size, "-nolisten", "tcp"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(
            [*command, "-fbdir", str(folder)], pass_fds=[sender], **quiet
        )
        os.close(sender)
        with os.fdopen(receiver) as stream:
            self.name = f":{stream.readline().strip()}"

    def picture(self) -> np.ndarray:
        """RGB pixels of the screen: an X window dump, whose last bytes they are."""
        width, height = SIZE
        pixels = np.frombuffer(self._file.read_bytes()[-width * height * 4 :], np.uint8)
        return pixels.reshape(height, width, 4)[..., 2::-1]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture
def display(tmp_path):
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("no Xvfb: apt-get install xvfb")
    if not list(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*")):
        pytest.skip("no Vulkan for processors: apt-get install mesa-vulkan-drivers")
    folder = tmp_path / "screen"
    folder.mkdir()
    opened = Display(program, folder)
    yield opened
    opened.close()


@pytest.fixture
def environment(display, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    ours = {"DISPLAY": display.name, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    drawn = {"LIBGL_ALWAYS_SOFTWARE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return {**os.environ, **ours, **drawn}


def shares(picture, colors):
    """How much of a picture is near each of some colours."""
    return [
        float((np.abs(picture.astype(int) - np.array(color)).max(axis=2) < NEAR).mean())
        for color in colors
    ]


def test_rerun_shows_pictures_legend_and_points_in_the_colours_of_their_classes(
    world, show, environment, tmp_path
):
    rerun_cli = pytest.importorskip("rerun_cli", reason="the extra [view] is not installed")
    xyz = [(10, y, z) for y in np.linspace(-3, 3, 121) for z in np.linspace(-2, 2, 81)]
    events = [
        (at, topic, world.points(at, xyz) if topic == world.points_topic else message)
        for at, topic, message in world.events(3)
    ]
    out = world.folder / "out.mcap"
    replay(world.bag(events), out, world.config())
    show(out)
    program = Path(rerun_cli.__file__).with_name("rerun")
    shot = tmp_path / "shot.png"
    look = ["--screenshot-to", shot, "--window-size", "{}x{}".format(*SIZE)]
    alone = ["--renderer", "vulkan", "--port", "auto", "--bind", "127.0.0.1"]
    command = [program, out.with_suffix(".rrd"), *look, *alone]
    done = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, check=False
    )
    assert shot.is_file(), done.stderr
    picture = cv2.imread(str(shot))[..., ::-1]
    width = picture.shape[1]
    left, right = picture[:, : width * 2 // 5], picture[:, width // 2 :]
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    # The legend's patches; in the picture the colours lie over what the camera saw.
    assert all(share > 1e-4 for share in shares(left, [red, green, blue]))
    # Red points on the left of the robot, green ones on its right, and none that is blue.
    points = shares(right, [red, green, blue])
    assert points[0] > 1e-3
    assert points[1] > 1e-3
    assert points[2] == 0
    assert "error" not in done.stderr.lower().replace("error setting xsettings", "")


def test_open3d_s_window_shows_a_map_in_the_colours_of_its_classes(
    display, environment, open3d, tmp_path
):
    ontology = Ontology.load("field")
    layout = [*((name, "<f4") for name in ("x", "y", "z", "rgb")), ("label", "<u4")]
    points = np.zeros(90_000, np.dtype(layout))
    x, y = np.meshgrid(np.linspace(-5, 5, 300), np.linspace(-5, 5, 300))
    points["x"], points["y"] = x.ravel(), y.ravel()
    points["label"] = np.where(points["x"] < 0, 3, 15)
    write_points(tmp_path / "map.ply", points, class_comments(ontology))
    grass, vehicle, person = (ontology.palette[n].tolist() for n in (3, 15, 16))
    command = [sys.executable, "-m", "seg_perception.cli", "view", "map.ply", "--open3d"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment)
    try:
        until = time.monotonic() + 300
        while min(shares(display.picture(), [grass, vehicle])) < 0.02:
            assert process.poll() is None, "the window was closed"
            assert time.monotonic() < until, "nothing is shown"
            time.sleep(1)
        assert shares(display.picture(), [person]) == [pytest.approx(0, abs=1e-3)]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()

"""Memory of a replay, or of a mining, does not grow with the recording."""

import subprocess
import sys

import numpy as np
import pytest

from seg_perception.core.types import LabelMap
from seg_perception.io.images import encode_labels, encode_rgb

PEAK = (
    "import resource, sys; from seg_perception.cli.main import app; "
    "app(sys.argv[1:], standalone_mode=False); "
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
)


COMMANDS = {"replay": ["--with-inputs"], "mine": ["-n", 5]}


def peak_kib(world, command, count):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    events = [
        (t, topic, encode_rgb(noise, t - world.ms, "camera_optical"))
        for t, topic, _ in world.events(count)
        if topic == world.image_topic
    ]
    bag = world.bag(events, f"{count}.mcap")
    out = world.folder / f"{count}_out.mcap"
    setting = f"segmentation.bundle={world.bundle}"
    arguments = [command, bag, "-o", out, "--set", setting, *COMMANDS[command], "--json"]
    process = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)], capture_output=True, check=True
    )
    return int(process.stderr.split()[-1])


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
@pytest.mark.parametrize("command", COMMANDS)
def test_eight_times_the_length_needs_no_more_memory(world, command):
    short, long = peak_kib(world, command, 40), peak_kib(world, command, 320)
    # The longer bag holds 250 MB of pixels more.
    assert long - short < 25_000


def evaluation_peak_kib(world, count):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    labels = np.zeros((480, 640), np.uint8)
    events = []
    for n in range(count):
        at = world.start_ns + n * 100 * world.ms
        events.append((at, world.image_topic, encode_rgb(noise, at, "camera_optical")))
        truth = LabelMap("front", labels, labels, at, "camera_optical")
        events.append((at, "/camera/front/truth", encode_labels(truth)))
    bag = world.bag(events, f"{count}.mcap")
    setting = f"segmentation.bundle={world.bundle}"
    command = ["evaluate", bag, "-o", world.folder / f"run_{count}", "--set", setting, "--json"]
    process = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, command), "--no-boundary", "--no-report"],
        capture_output=True,
        check=True,
    )
    return int(process.stderr.split()[-1])


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_ten_times_the_length_needs_no_more_memory_to_evaluate(world):
    short, long = evaluation_peak_kib(world, 40), evaluation_peak_kib(world, 400)
    # The longer bag holds 440 MB of pixels and labels more.
    assert long - short < 25_000

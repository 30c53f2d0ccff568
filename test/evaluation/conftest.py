"""Bags with a truth, and the command that scores them."""

import numpy as np
import pytest
from scored_runs import example_results
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.types import LabelMap, PointCloud
from seg_perception.evaluation.stream_result import Unit
from seg_perception.io.images import encode_labels
from seg_perception.io.pointcloud2 import encode_cloud

TRUTH, CLOUD_TRUTH = "/camera/front/truth", "/lidar/top/truth"
RED, GREEN = 0, 1


def label_image(labels, stamp_ns):
    array = np.asarray(labels, np.uint8)
    return encode_labels(LabelMap("front", array, array, stamp_ns, "camera_optical"))


def label_cloud(xyz, labels, stamp_ns, visible=None):
    layout = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("label", "u1")]
    layout += [] if visible is None else [("visible", "u1")]
    points = np.zeros((1, len(xyz)), layout)
    for column, name in enumerate("xyz"):
        points[name] = [point[column] for point in xyz]
    points["label"] = labels
    if visible is not None:
        points["visible"] = visible
    return encode_cloud(PointCloud(points, stamp_ns, "lidar"))


def with_truth(world, count=4, **changes):
    """The image's left half is red, the right half green; the truth calls all of it red."""
    size = changes.get("size", (48, 64))
    shift_ns = changes.get("shift_ms", 0) * world.ms
    events = world.events(count)
    for n in range(count):
        at = world.start_ns + n * 100 * world.ms
        image = label_image(np.full(size, changes.get("truth", RED)), at + shift_ns)
        events.append((at + 2 * world.ms, TRUTH, image))
        stamp_ns = at + 5 * world.ms
        cloud = label_cloud(
            ((10, 2, 0), (10, -2, 0), (-10, 0, 0)), (RED, RED, GREEN), stamp_ns, (1, 1, 0)
        )
        events.append((at + 12 * world.ms, CLOUD_TRUTH, cloud))
    return sorted(events, key=lambda event: event[0])


@pytest.fixture
def run(world):
    """Runs the command on bags, with the model of red, green and blue."""

    def invoke(*bags, folder="run", options=()):
        out = world.folder / folder
        command = ["evaluate", *map(str, bags), "-o", str(out), "--json", "--no-report", *options]
        command += ["--set", f"segmentation.bundle={world.bundle}"]
        done = CliRunner().invoke(app, command)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done, out

    return invoke


def values(metrics):
    return {metric.key: metric.value for metric in metrics}


def with_units(name, tables, **changes):
    """The example with units of its own."""
    results = example_results(name)
    units = tuple(
        Unit(sequence=f"drive {n}", name=f"drive {n}", frames=1, pairs=pairs)
        for n, pairs in enumerate(tables)
    )
    camera = results.streams[0].model_copy(update={"units": units})
    return results.model_copy(update={"streams": (camera,), **changes})


def counts(right, wrong):
    """Grass that is called grass, or tree."""
    return ((0, 0, right), (0, 1, wrong), (1, 1, 100))

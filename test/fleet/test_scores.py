"""Scores of many bags: a table of bags, one of frames, and a page from one to the other."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.types import LabelMap
from seg_perception.io.images import encode_labels

pq = pytest.importorskip("pyarrow.parquet", reason="pip install pyarrow")


def with_truth(world, name, frames, truth):
    """Drives whose truth is one colour: the model says half red, half green."""
    events = world.events(frames)
    for n in range(frames):
        at = world.start_ns + n * 100 * world.ms
        labels = np.full((48, 64), truth, np.uint8)
        image = encode_labels(LabelMap("front", labels, labels, at, "camera_optical"))
        events.append((at + 2 * world.ms, "/camera/front/truth", image))
    return world.bag(sorted(events, key=lambda event: event[0]), name)


def test_each_bag_and_frame_of_an_evaluation_stands_in_tables_and_on_a_page(world):
    bags = [
        with_truth(world, "reds.mcap", 2, world.red),
        with_truth(world, "blues.mcap", 3, world.blue),
    ]
    run = world.folder / "run"
    bundle = f"segmentation.bundle={world.bundle}"
    arguments = ["evaluate", *map(str, bags), "-o", str(run), "--set", bundle, "--no-boundary"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    table = pq.read_table(run / "bags.parquet").to_pylist()
    accuracy = {row["bag"]: row["value"] for row in table if row["metric"] == "accuracy"}
    assert accuracy == {"reds": 50.0, "blues": 0.0}
    frames = pq.read_table(run / "frames.parquet").to_pydict()
    assert frames["bag"] == ["reds"] * 2 + ["blues"] * 3
    assert frames["accuracy"] == [50.0] * 2 + [0.0] * 3
    page = (run / "bags.html").read_text()
    # The lower score first; its frames are below.
    assert page.index(">blues<") < page.index(">reds<")
    files = [link for link in re.findall(r'href="([^"#]+)"', page) if "pictures" in link]
    assert files
    assert all((run / file).is_file() for file in files)

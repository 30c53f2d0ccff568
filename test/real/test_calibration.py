"""The extrinsics of RELLIS-3D, as they are and inverted as their file has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.transforms import decode_tf, encode_tf


@pytest.fixture(scope="module")
def bag(real: Path) -> Path:
    return real / "rellis_goose_style_db3"


@pytest.fixture(scope="module")
def inverted(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inverted") / "inverted.mcap"
    with BagReader(bag) as reader, BagWriter(path) as writer:
        for message in reader.messages():
            if message.topic == "/tf_static":
                edges = [
                    replace(edge, T_parent_child=np.linalg.inv(edge.T_parent_child))
                    for edge in decode_tf(message.message)
                ]
                writer.write(message.topic, encode_tf(edges), message.log_time_ns, latched=True)
            else:
                writer.copy(message)
    return path


def check(command, bag, folder):
    outcome = command.run("check-calibration", bag, "-o", folder, "--json")
    return outcome, outcome.json["cameras"][0]


def test_an_inverted_extrinsic_is_named(command, inverted, tmp_path):
    outcome, camera = check(command, inverted, tmp_path)
    assert outcome.code == 2
    assert (camera["level"], camera["causes"]) == ("wrong", ["inverted"])
    assert camera["search"]["edges"] < 50
    assert "sensor/lidar/vls128_roof <- sensor/camera/windshield/vis is inverted" in outcome.stderr


def test_one_moment_of_grass_is_too_little_to_tell(command, bag, tmp_path):
    """Nothing is claimed: neither that it holds nor that it is inverted."""
    outcome, camera = check(command, bag, tmp_path)
    assert outcome.code == 2
    assert (camera["level"], camera["causes"]) == ("undecided", [])
    assert camera["search"]["edges"] > 300

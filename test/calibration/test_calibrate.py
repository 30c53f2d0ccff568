"""What `calibrate` finds is written, and with it the calibration holds."""

import numpy as np
import pytest
import yaml

from seg_perception.config import Config
from seg_perception.geometry.quaternion import quaternion_to_matrix
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.transforms import decode_tf

from .conftest import Mistake, turned

# The drive is simulated first, which a busy machine may need minutes for.
pytestmark = pytest.mark.timeout(400)
SCANS = ("--scans", 10, "--json")


def mountings(bag):
    with BagReader(bag) as reader:
        messages = list(reader.messages({"/tf_static"}))
    return {e.child: e.T_parent_child for m in messages for e in decode_tf(m.message)}


def test_the_correction_is_written_and_mends_it(plant, drive, run, tmp_path):
    bag = plant(Mistake(mounting=turned(1.5, -1, 2)))
    file = tmp_path / "robot.yaml"
    text = Config.from_parameters(inspect_bag(bag).parameters).to_file(expert=False)
    file.write_text(text.replace("/**:", "/**:  # my robot", 1))
    command = ("calibrate", bag, "--config", file, "-o", tmp_path / "out", *SCANS)
    code, document, err = run(*command, "--write", file)
    assert code == 0, err
    (camera,) = document["cameras"]
    rpy = camera["correction"]["camera.front.correction_rpy_deg"]
    assert rpy == pytest.approx([1, -2, 1.5], abs=0.3)
    parameters = yaml.safe_load(file.read_text())["/**"]["ros__parameters"]
    assert parameters["camera"]["front"]["correction_rpy_deg"] == rpy
    assert "# my robot" in file.read_text()
    assert {path.rsplit("_")[-1] for path in camera["pictures"]} == {"overlay.png", "mended.png"}

    mounting = camera["mounting"]
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = quaternion_to_matrix(*mounting["quaternion_xyzw"]), mounting["xyz_m"]
    wrong, true = mountings(bag), mountings(drive)
    mended = wrong["camera_front"] @ T
    exact = true["camera_front"] @ true["camera_front_optical"]
    assert (mounting["parent"], mounting["child"]) == ("camera_front", "camera_front_optical")
    apart = np.degrees(np.arccos((np.trace(mended[:3, :3].T @ exact[:3, :3]) - 1) / 2))
    assert apart < 0.4

    code, document, err = run(*command)
    assert (code, document["cameras"][0]["level"]) == (0, "good"), err
    assert document["cameras"][0]["correction"] == {}


def test_where_the_clock_explains_more_nothing_is_corrected(plant, run, tmp_path):
    bag = plant(Mistake(clock_s=0.06))
    file = tmp_path / "robot.yaml"
    code, document, err = run("calibrate", bag, "-o", tmp_path, *SCANS, "--write", file)
    assert code == 2
    assert document["cameras"][0]["correction"] == document["written"] == {}
    assert "run `seg-perception estimate-offset` first" in err
    assert not file.exists()

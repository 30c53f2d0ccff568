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
pytestmark = pytest.mark.timeout(1500)
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

    mounting = camera["mount"]
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


def test_turn_and_clock_are_found_at_once(plant, run, tmp_path):
    """A late camera on a robot that turns looks turned, too."""
    bag = plant(Mistake(mounting=turned(0, 0, 1.5), clock_s=0.05))
    file = tmp_path / "robot.yaml"
    code, document, err = run("calibrate", bag, "-o", tmp_path, *SCANS, "--write", file)
    assert code == 0, err
    (camera,) = document["cameras"]
    written = document["written"]
    assert written == camera["correction"]
    assert written["camera.front.correction_xyz_m"] == pytest.approx([0, 0, 0], abs=0.04)
    assert written["camera.front.correction_rpy_deg"] == pytest.approx([0, -1.5, 0], abs=0.25)
    assert written["camera.front.time_offset_s"] == pytest.approx(-0.05, abs=0.004)
    assert set(camera["causes"]) >= {"yaw", "clock"}
    assert Config.load(file).cameras["front"].time_offset_s == written["camera.front.time_offset_s"]

    code, document, err = run("calibrate", bag, "--config", file, "-o", tmp_path, *SCANS)
    assert (code, document["cameras"][0]["level"]) == (0, "good"), err


def test_the_turn_alone_is_mended_where_that_is_asked_for(plant, run, tmp_path):
    bag = plant(Mistake(mounting=turned(0, 0, 1.5)))
    code, document, err = run("calibrate", bag, "-o", tmp_path, *SCANS, "--rotation-only")
    assert code == 0, err
    correction = document["cameras"][0]["correction"]
    assert correction["camera.front.correction_xyz_m"] == [0.0, 0.0, 0.0]
    assert correction["camera.front.correction_rpy_deg"] == pytest.approx([0, -1.5, 0], abs=0.2)


def test_of_three_moments_a_late_clock_is_pointed_to_and_nothing_corrected(plant, run, tmp_path):
    bag, file = plant(Mistake(clock_s=0.06)), tmp_path / "robot.yaml"
    few = ("--scans", 3, "--json")
    code, document, err = run("calibrate", bag, "-o", tmp_path, *few, "--write", file)
    assert code == 2
    assert document["cameras"][0]["correction"] == document["written"] == {}
    assert "run `seg-perception estimate-offset` first" in err
    assert not file.exists()

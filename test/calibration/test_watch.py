"""A replay watches over the calibration, and replays alike come to the same."""

import json

import pytest

from .conftest import Mistake, turned

# The drive is simulated first, which a busy machine may need minutes for.
pytestmark = pytest.mark.timeout(600)
OFTEN = ("--set", "calibration.interval_s=0.2", "--json")


def replayed(run, bag, out, *settings):
    code, document, err = run("replay", bag, "-o", out, *OFTEN, *settings)
    assert code == 0, err
    issues = {one["code"]: one for one in document["issues"] if one["stream"] == "camera.front"}
    return document["calibration"]["front"], issues


def test_a_sound_drive_fits_and_nothing_is_said(drive, run, tmp_path):
    state, issues = replayed(run, drive, tmp_path / "out.mcap")
    assert (state["answer"], state["searches"]) == ("fits", 0)
    assert state["moments"] >= 4
    assert "calibration_moved" not in issues


def test_a_camera_that_is_off_is_suspected_the_same_way_in_every_replay(plant, run, tmp_path):
    bag = plant(Mistake(mounting=turned(0, 0.8, 0)))
    said = [replayed(run, bag, tmp_path / f"{n}.mcap") for n in range(2)]
    assert json.dumps(said[0]) == json.dumps(said[1])
    state, _ = said[0]
    assert state["answer"] != "fits"
    assert state["searches"] >= 1
    assert (tmp_path / "0.mcap").read_bytes() == (tmp_path / "1.mcap").read_bytes()

"""Clocks that are off by a planted amount; the parameter that is printed makes labels right."""

import pytest

from seg_perception.config import Config
from seg_perception.evaluation.assemble import count
from seg_perception.evaluation.options import EvaluateOptions
from seg_perception.evaluation.plan import plan
from seg_perception.evaluation.scores import LabelCounts
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.replay import replay

from .conftest import LENS, Mistake

# The drive is simulated first, which a busy machine may need minutes for.
pytestmark = pytest.mark.timeout(1500)
KEY = "camera.front.time_offset_s"


@pytest.fixture
def estimate(run):
    def command(bag, *options):
        code, document, err = run("estimate-offset", bag, "--json", *options)
        cameras = document["cameras"] if document else []
        return code, cameras[0] if cameras else None, err

    return command


@pytest.mark.parametrize("clock_ms", [-80, 0, 50])
def test_planted_offsets_are_found_within_the_stated_interval(plant, estimate, clock_ms, tmp_path):
    bag = plant(Mistake(clock_s=clock_ms / 1000))
    code, camera, err = estimate(bag, "--scans", 24, "-o", tmp_path / "curves")
    assert code == 0, err
    # What is added to the stamps undoes what was added to them.
    low, high = camera["interval_s"]
    assert low <= -clock_ms / 1000 <= high
    assert high - low < 0.02
    assert camera["parameters"] == {KEY: pytest.approx(camera["offset_s"])}
    assert (tmp_path / "curves" / "front_offset.png").is_file()


def test_the_offset_comes_on_top_of_what_is_configured(drive, estimate):
    code, camera, _ = estimate(drive, "--scans", 24, "--set", f"{KEY}=0.05")
    assert code == 0
    assert camera["offset_s"] == pytest.approx(0, abs=0.006)


def test_what_lens_was_taken_is_said(drive, run, tmp_path):
    with BagReader(drive) as bag:
        info = next(bag.messages({LENS})).message
    file = tmp_path / "front.yaml"
    file.write_text(
        f"{{image_width: {info.width}, image_height: {info.height}, distortion_model: plumb_bob,\n"
        f"camera_matrix: {{data: {info.k.tolist()}}},\n"
        f"distortion_coefficients: {{data: {info.d.tolist()}}}}}\n"
    )
    setting = f"camera.front.calibration_file={file}"
    code, document, err = run("estimate-offset", drive, "--json", "--scans", 24, "--set", setting)
    assert code == 0
    (said,) = [issue for issue in document["issues"] if issue["code"] == "calibration_file"]
    assert f"note: camera.front: {said['sentence']}" in err
    assert str(file) in said["sentence"]


def test_replaying_with_the_printed_parameter_labels_more_points_rightly(plant, run, tmp_path):
    bag = plant(Mistake(clock_s=-0.08))
    code, document, _ = run("estimate-offset", bag, "--json", "--scans", 24)
    assert code == 0
    offset_s = document["cameras"][0]["parameters"][KEY]
    parameters = {k: v for k, v in inspect_bag(bag).parameters.items() if "radar" not in k}
    right = {}
    pictures = dict.fromkeys(("output.color", "output.overlay", "output.confidence"), False)
    for name, value in (("as recorded", 0.0), ("mended", offset_s)):
        config = Config.from_parameters({**parameters, **pictures, "radars": [], KEY: value})
        out = tmp_path / f"{len(right)}.mcap"
        replay(bag, out, config)
        job = plan([out], EvaluateOptions(truth=("lidar.top=/lidar/top/truth",), truth_bag=bag))
        folded = job.mapped_classes[0].fold(count(job)["lidar.top"].pairs)
        right[name] = LabelCounts.of(folded).purity
    assert right["mended"] > right["as recorded"]


def test_a_robot_that_does_not_turn_is_told_so(tmp_path, run):
    pytest.importorskip("embreex", reason="the simulator needs the package embreex")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import write_bag

    bag = tmp_path / "still.mcap"
    size = {"camera_width": 96, "camera_height": 54, "lidar_beams": 16, "lidar_columns": 128}
    write_bag(bag, SimulationConfig(duration_s=1.5, speed_mps=0.0, radar_rate_hz=1, **size))
    code, _, err = run("estimate-offset", bag, "--json")
    assert code == 2
    assert "turning left and right" in err
    assert len(err.splitlines()) == 1


def test_an_offset_beyond_the_search_is_not_guessed(plant, estimate):
    code, _, err = estimate(plant(Mistake(clock_s=0.15)), "--scans", 24, "--reach", 0.08)
    assert code == 2
    assert "the end of the search" in err or "fit at no offset" in err


def test_without_a_fixed_frame_there_is_nothing_to_see(drive, estimate):
    code, _, err = estimate(drive, "--set", "transforms.fixed_frame=")
    assert code == 2
    assert "transforms.fixed_frame" in err

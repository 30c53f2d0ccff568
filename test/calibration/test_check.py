"""Mistakes planted in a simulated drive are found and named; a sound one is called sound."""

import cv2
import numpy as np
import pytest

from seg_perception.io.bag_reader import BagReader
from seg_perception.io.camera_info import decode_camera_info

from .conftest import LENS, Mistake, moved, turned

# The drive is simulated first, which a busy machine may need minutes for.
pytestmark = pytest.mark.timeout(1500)


@pytest.fixture
def check(run, tmp_path):
    def command(bag, *options):
        code, document, err = run(
            *("check-calibration", bag, "-o", tmp_path / "out", "--json"),
            *("--scans", 10, *options),
        )
        return code, document["cameras"][0] if document else None, err

    return command


def inverted(child):
    return lambda _parent, name, T: np.linalg.inv(T) if name == child else T


def test_a_sound_calibration_holds(drive, check, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "front_mended.png").write_bytes(b"of an earlier run")
    code, camera, err = check(drive)
    assert (code, camera["level"], err) == (0, "good", "")
    search = camera["search"]
    assert search["z"] > 8
    assert search["distinctness"] > 3
    assert camera["clock_s"] is None
    for axis, most in (("pitch", 0.15), ("yaw", 0.15), ("roll", 0.25)):
        assert abs(search["turn_deg"][axis]) < most
        assert search["halves_deg"][axis] <= 0.5
        assert search["interval_deg"][axis] < 0.5
    picture = cv2.imread(str(tmp_path / "out" / "front_overlay.png"))
    assert picture.shape[1] == 960
    assert picture.std() > 5
    assert not (tmp_path / "out" / "front_mended.png").exists()


@pytest.mark.parametrize(
    ("degrees", "pitch_yaw_roll"),
    [
        # tf says that the camera looks farther left than it does: points appear too far right,
        # and would fit if they were turned to the left: about y, which points down, negatively.
        ((0, 0, 0.5), (0, -0.5, 0)),
        # ... farther down: points appear too high, and would fit if they were turned downwards:
        # about x, which points right, negatively in an optical frame (y down, z forward). The
        # optical z is the mounting's x: its roll is undone by the same roll.
        ((0, 0.75, 0), (-0.75, 0, 0)),
        ((0, 0, -1.5), (0, 1.5, 0)),
        ((2, 0, 3), (0, -3, 2)),
    ],
    ids=["half a degree", "three quarters", "one and a half", "three and roll"],
)
def test_turns_are_measured(plant, check, degrees, pitch_yaw_roll):
    code, camera, err = check(plant(Mistake(mounting=turned(*degrees))))
    assert (code, camera["level"]) == (2, "off")
    for axis, angle, most in zip(
        ("pitch", "yaw", "roll"), pitch_yaw_roll, (0.2, 0.15, 0.3), strict=True
    ):
        assert camera["search"]["turn_deg"][axis] == pytest.approx(angle, abs=most)
        assert (axis in camera["causes"]) >= (angle != 0)
    assert "seg-perception calibrate BAG" in err
    assert len(err.splitlines()) == 1


def test_beyond_the_search_nothing_is_claimed_to_hold(plant, check):
    code, camera, _ = check(plant(Mistake(mounting=turned(0, 0, 7))))
    assert code == 2
    assert camera["level"] in ("undecided", "wrong")


def test_pictures_of_another_moment_say_nothing(plant, check):
    """The camera's clock is off by a second, in which the robot drives and turns."""
    code, camera, err = check(
        plant(Mistake(clock_s=1.0)), "--scans", 1, "--set", "synchronizer.max_gap_s=2.0"
    )
    del camera
    assert code == 2
    assert err


def test_a_late_clock_is_pointed_to(plant, check):
    code, camera, err = check(plant(Mistake(clock_s=0.06)))
    assert code == 2
    assert (camera["level"], camera["causes"]) == ("off", ["clock"])
    assert camera["clock_s"] == pytest.approx(-0.06, abs=0.004)
    assert "estimate-offset" in err


@pytest.mark.parametrize(
    ("mistake", "options", "cause", "words", "parameters"),
    [
        (
            Mistake(camera_frame="camera_front"),
            ("--set", "camera.front.frame_convention=optical"),
            "frame",
            "set camera.front.frame_convention: body",
            {"camera.front.frame_convention": "body"},
        ),
        (
            Mistake(),
            ("--set", "camera.front.frame_convention=body"),
            "frame",
            "set camera.front.frame_convention: optical",
            {"camera.front.frame_convention": "optical"},
        ),
        (
            Mistake(mounting=inverted("camera_front_optical")),
            (),
            "inverted",
            "camera_front <- camera_front_optical is inverted",
            {},
        ),
        (
            Mistake(mounting=inverted("camera_front")),
            (),
            "inverted",
            "base_link <- camera_front is inverted",
            {},
        ),
    ],
    ids=["body as optical", "optical as body", "axes inverted", "mounting inverted"],
)
def test_usual_mistakes_are_named(plant, check, mistake, options, cause, words, parameters):
    code, camera, err = check(plant(mistake), *options)
    assert (code, camera["level"], camera["causes"]) == (2, "wrong", [cause]), camera["sentence"]
    assert words in err
    assert camera["parameters"] == parameters
    assert any(path.endswith("front_mended.png") for path in camera["pictures"])


def test_axes_of_the_camera_s_frame_are_found_out(plant, check):
    auto = ("--set", "camera.front.frame_convention=auto")
    code, camera, _ = check(plant(Mistake(camera_frame="camera_front")), *auto)
    assert (code, camera["level"], camera["parameters"]) == (0, "good", {})


def test_a_cropped_image_is_found_and_the_parameter_mends_it(plant, check):
    bag = plant(Mistake(rows=48))
    code, camera, err = check(bag)
    assert (code, camera["causes"]) == (2, ["cropped"])
    ((key, (right, down)),) = camera["parameters"].items()
    assert (right, down) == (pytest.approx(0, abs=3), pytest.approx(-48, abs=3))
    assert key in err
    code, camera, _ = check(bag, "--set", f"{key}=[0.0, -48.0]")
    assert (code, camera["level"]) == (0, "good")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (Mistake(left_out=(LENS,)), "no usable camera_info of camera front"),
        (Mistake(left_out=("/tf_static",)), "is not known"),
        (Mistake(clock_s=3.0), "set time_offset_s of one"),
        (Mistake(left_out=("/lidar/top/points", "/lidar/top/truth")), "no lidar is configured"),
        (
            Mistake(mounting=moved("camera_front", (0, 0, -500))),
            "edges of the scans lie before it, expected 50; check tf",
        ),
    ],
    ids=["no calibration", "no transform", "other clock", "no lidar", "no overlap"],
)
def test_what_is_missing_is_said_in_one_sentence(plant, check, mistake, words):
    code, _, err = check(plant(mistake))
    assert code == 2
    assert words in err
    assert len([line for line in err.splitlines() if line.startswith("error:")]) == 1


def test_a_body_frame_and_a_cropped_image_as_in_goose(plant, check):
    bag = plant(Mistake(camera_frame="camera_front", rows=48))
    code, camera, _ = check(bag, "--set", "camera.front.frame_convention=optical")
    assert (code, camera["causes"]) == (2, ["frame", "cropped"])
    assert camera["parameters"]["camera.front.frame_convention"] == "body"
    offset_px = camera["parameters"]["camera.front.principal_point_offset_px"]
    assert offset_px == [pytest.approx(0, abs=3), pytest.approx(-48, abs=3)]


def test_a_camera_that_is_missing_does_not_cost_the_others(drive, run, tmp_path):
    rear = ("camera.rear.image_topic=/camera/front/truth", "camera.rear.frame_id=nowhere")
    settings = [word for setting in rear for word in ("--set", setting)]
    command = ("check-calibration", drive, "-o", tmp_path, "--json", "--scans", 10, *settings)
    code, document, err = run(*command)
    assert code == 2
    levels = {camera["camera"]: camera["level"] for camera in document["cameras"]}
    assert levels == {"front": "good", "rear": "undecided"}
    assert "camera rear: nothing to compare: frame 'nowhere' is not known" in err


def test_a_calibration_file_is_used_and_named(drive, check, tmp_path):
    with BagReader(drive) as bag:
        lens = decode_camera_info(next(iter(bag.messages({LENS}))).message)
    file = tmp_path / "front.yaml"
    file.write_text(
        f"{{image_width: {lens.width}, image_height: {lens.height},"
        f" distortion_model: radtan, camera_matrix: {{data: {lens.k.ravel().tolist()}}},"
        f" distortion_coefficients: {{data: {lens.d[:4].tolist()}}}}}"
    )
    code, camera, err = check(drive, "--set", f"camera.front.calibration_file={file}")
    assert code == 0
    assert {"calibration_file", "lens_read_as"} <= {issue["code"] for issue in camera["issues"]}
    assert f"note: camera.front: its lens is that of {file}" in err

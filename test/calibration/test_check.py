"""Mistakes planted in a simulated drive are found and named; a sound one is called sound."""

import cv2
import numpy as np
import pytest

from seg_perception.io.bag_reader import BagReader
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.simulation.rig import rotation

from .conftest import LENS, TRUTH, Mistake

# The drive is simulated first, which a busy machine may need minutes for.
pytestmark = pytest.mark.timeout(400)
LABELS = f"front={TRUTH}"


@pytest.fixture
def check(run, tmp_path):
    def command(bag, *options):
        code, document, err = run(
            "check-calibration", bag, "-o", tmp_path / "out", "--json", "--labels", LABELS, *options
        )
        return code, document["cameras"][0] if document else None, err

    return command


def turned(degrees):
    """The camera's mounting turned about its own vertical axis, to the left."""

    def mounting(parent, child, T):
        del parent
        if child != "camera_front":
            return T
        turn = np.eye(4)
        turn[:3, :3] = rotation(0, 0, np.radians(degrees))
        return T @ turn

    return mounting


def moved(child, offset):
    def mounting(parent, name, T):
        del parent
        result = T.copy()
        if name == child:
            result[:3, 3] += offset
        return result

    return mounting


def inverted(child):
    return lambda _parent, name, T: np.linalg.inv(T) if name == child else T


def test_a_sound_calibration_holds_and_its_curves_peak_at_zero(drive, check, tmp_path):
    code, camera, _ = check(drive)
    assert code == 0
    assert camera["level"] == "good"
    assert camera["agreement"] > 5 * camera["agreement_std"]
    curves = {curve["axis"]: curve for curve in camera["sensitivity"]}
    assert abs(curves["yaw"]["peak"]) < 0.1
    assert abs(curves["pitch"]["peak"]) < 0.15
    assert abs(curves["right"]["peak"]) < 1.5
    for axis in ("yaw", "pitch", "right"):
        assert curves[axis]["loss"] > 0.1, "an error of the asked size shows"
    for name in ("overlay", "curves"):
        picture = cv2.imread(str(tmp_path / "out" / f"front_{name}.png"))
        assert picture.shape[1] == 960
        assert picture.std() > 5


@pytest.mark.parametrize(
    ("mistake", "axis", "peak", "tolerance"),
    [
        # tf says that the camera looks farther left than it does: points appear too far right,
        # and would fit if they were turned to the left: about y, which points down, negatively.
        (Mistake(mounting=turned(0.5)), "yaw", -0.5, 0.12),
        # tf has the lidar 5 cm too far left, which is minus x of the optical frame.
        (Mistake(mounting=moved("lidar_top", (0, 0.05, 0))), "right", 5.0, 1.5),
    ],
    ids=["half a degree", "five centimetres"],
)
def test_small_errors_are_measured(plant, check, mistake, axis, peak, tolerance):
    code, camera, err = check(plant(mistake))
    assert (code, camera["level"]) == (2, "off")
    assert axis in camera["causes"]
    curve = next(c for c in camera["sensitivity"] if c["axis"] == axis)
    assert curve["peak"] == pytest.approx(peak, abs=tolerance)
    assert "calibrate again" in err
    assert len(err.splitlines()) == 1


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
    assert (code, camera["level"], camera["causes"]) == (2, "wrong", [cause])
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
        (Mistake(mounting=moved("camera_front", (0, 0, -500))), "lies before it; check tf"),
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
    labels = ("--labels", LABELS, "--labels", f"rear={TRUTH}")
    command = ("check-calibration", drive, "-o", tmp_path, "--json", *labels, *settings)
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


def test_label_topics_are_checked(drive, run, tmp_path):
    for labels, words in (("front", "CAMERA=TOPIC"), ("rear=/x", "a camera of ['front']"),
                          ("front=/nope", "one of the image topics")):  # fmt: skip
        code, _, err = run("check-calibration", drive, "-o", tmp_path, "--labels", labels)
        assert code == 2
        assert words in err

# ruff: noqa: E402  (torch, which may be absent, is looked for first)
"""`seg-perception export` from the command line."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="the export needs torch: install the extra [train]")
pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")

from seg_perception.cli.main import app
from seg_perception.inference.bundle import Bundle
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.config import TrainingConfig
from seg_perception.training.models.field_cnn import FieldCnn

TINY = {"stem": 8, "stem_blocks": 1, "middle": 16, "deep": 16, "middle_blocks": 1, "decoder": 16}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    config = TrainingConfig.model_validate(
        {
            "ontology": "field",
            "model": TINY,
            "sources": [{"name": "s", "folder": "s", "mapping": "m.yaml", "share": 1}],
            "steps": 1,
            "network_size": (64, 48),
        }
    )
    torch.manual_seed(0)
    network = FieldCnn(18, config.model)
    torch.nn.init.normal_(network.classifier.weight, std=3.0)
    state = network.state_dict()
    path = tmp_path / "last.pt"
    Checkpoint(
        config=config.model_dump_json(), step=1, network=state, average=state, optimizer={}
    ).save(path)
    return path


@pytest.fixture
def release(tmp_path: Path) -> Path:
    path = tmp_path / "release.yaml"
    path.write_text(
        "{name: mine, licence: none, licence_text: '', command: make it, datasets: [ours]}"
    )
    return path


def export(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["export", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_a_bundle_of_the_asked_size_from_images_of_ones_own(
    checkpoint: Path, release: Path, tmp_path: Path
) -> None:
    (tmp_path / "golden").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "golden" / "a.png"), noise)
    out = tmp_path / "mine"
    asked = ("--release", release, "--size", "96x64", "--frames", tmp_path / "golden")
    more = ("--precision", "fp32", "--precision", "fp16_islands", "--version", "3", "--json")
    code, text, errors = export(checkpoint, "-o", out, *asked, *more)
    assert (code, errors) == (0, "")
    facts = json.loads(text)
    assert (facts["width"], facts["height"], facts["opset"]) == (96, 64, 17)
    assert [v["precision"] for v in facts["variants"]] == ["fp32", "fp16_islands"]
    manifest = Bundle.load(out).manifest
    assert (manifest.name, manifest.version, manifest.training.datasets) == ("mine", "3", ("ours",))
    (frame,) = Bundle.load(out).golden
    want = cv2.resize(noise[..., ::-1].copy(), (96, 64), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(frame.image, want)


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """Twelve simulated frames."""
    from seg_perception.simulation.training_frames import training_frames

    folder = tmp_path / "drive"
    folder.mkdir()
    for number, (image, _) in enumerate(training_frames(3, 12, 64, 48)):
        cv2.imwrite(str(folder / f"{number:02}.png"), image[..., ::-1])
    return folder


def test_int8_is_calibrated_on_some_frames_and_measured_on_the_others(
    checkpoint: Path, release: Path, drive: Path, tmp_path: Path
) -> None:
    from seg_perception.inference.onnx.quantization import count_quantised
    from seg_perception.inference.tensorrt.variants import find_variant

    out = tmp_path / "mine"
    code, text, errors = export(
        checkpoint, "-o", out, "--release", release, "--frames", drive, "--int8", "--json"
    )
    assert (code, errors) == (0, "")
    plain, int8 = json.loads(text)["variants"]
    assert (plain["precision"], int8["precision"]) == ("fp32", "int8")
    # Every second of the twelve is golden, at most eight are.
    parity = int8["parity"]
    assert parity["frames"] == 6
    assert parity["candidate"].endswith("none, int8 of 6 frames, computed in float32")
    assert 0.97 <= parity["label_agreement"] < 1
    assert parity["least_agreement"] <= parity["label_agreement"]
    bundle = Bundle.load(str(out))
    assert count_quantised((out / int8["file"]).read_bytes()) > 2
    assert count_quantised(bundle.model_path.read_bytes()) == 0
    assert find_variant(bundle, "int8").agreement == parity["least_agreement"]


def test_int8_that_loses_too_many_labels_is_no_bundle(
    checkpoint: Path,
    release: Path,
    drive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from seg_perception.training.export.parity import MIN_AGREEMENT

    monkeypatch.setitem(MIN_AGREEMENT, "int8", 1.0)
    out = tmp_path / "mine"
    code, _, errors = export(
        checkpoint, "-o", out, "--release", release, "--frames", drive, "--int8"
    )
    assert code == 2
    assert "int8 of 6 frames" in errors
    assert "no bundle is written" in errors
    assert not out.exists()


def test_int8_asks_for_frames(checkpoint: Path, release: Path, drive: Path, tmp_path: Path) -> None:
    asked = (checkpoint, "-o", tmp_path / "mine", "--release", release)
    assert "--int8: expected --frames, a folder of images" in export(*asked, "--int8")[2]
    for file in sorted(drive.glob("*"))[3:]:
        file.unlink()
    few = export(*asked, "--int8", "--frames", drive)[2]
    assert "expected at least 4 images, got 3" in few
    said = export(*asked, "--precision", "int8")[2]
    assert "--precision int8: expected --int8 --frames FOLDER" in said


def test_an_image_of_the_networks_own_size_is_a_golden_frame_as_it_is(
    checkpoint: Path, release: Path, tmp_path: Path
) -> None:
    (tmp_path / "golden").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "golden" / "a.png"), noise)
    out = tmp_path / "mine"
    frames = ("--frames", tmp_path / "golden", "--json")
    code, _, errors = export(checkpoint, "-o", out, "--release", release, *frames)
    assert (code, errors) == (0, "")
    (frame,) = Bundle.load(out).golden
    assert np.array_equal(frame.image, noise[..., ::-1])


def test_without_json_a_table_says_what_was_measured(
    checkpoint: Path, release: Path, tmp_path: Path
) -> None:
    code, text, errors = export(checkpoint, "-o", tmp_path / "mine", "--release", release)
    assert (code, errors) == (0, "")
    assert "none_fp32" in text
    assert "quarter head" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--size", "96"), "--size 96: expected WIDTHxHEIGHT"),
        (("--precision", "fp8"), "--precision fp8: expected one of fp32, fp16_islands"),
        (("--size", "90x64"), "size 90x64: expected multiples of 16"),
        (("--frames", "nowhere"), "--frames nowhere: expected PNG or JPEG images"),
        (("--release", "nowhere.yaml"), "nowhere.yaml not found: expected a release file"),
    ],
)
def test_mistakes_are_one_sentence_and_no_bundle(
    checkpoint: Path, release: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    arguments = {"--release": str(release), **dict([change])}
    flat = [part for pair in arguments.items() for part in pair]
    code, text, errors = export(checkpoint, "-o", tmp_path / "mine", *flat)
    assert (code, text) == (2, "")
    assert message in errors
    assert len(errors.strip().splitlines()) == 1
    assert not (tmp_path / "mine").exists()


def test_what_is_no_checkpoint_is_named(release: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"nothing")
    asked = ("-o", tmp_path / "mine", "--release", release)
    code, _, errors = export(tmp_path / "a.pt", *asked)
    assert code == 2
    assert "a.pt: not a checkpoint of this project" in errors

"""What is asked, what is tried, and what a bundle of an ONNX file can do."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")

from odd_onnx_files import File, fused, more_convolutions, sample_volume, stripes

from seg_perception.cli.main import app
from seg_perception.core.errors import (
    ConfigError,
    EngineError,
    ImportModelError,
    SegPerceptionError,
)
from seg_perception.core.ontology import Ontology
from seg_perception.importing.onnx_file.answers import Answers
from seg_perception.importing.onnx_file.classes import find_ontology
from seg_perception.importing.onnx_file.model_import import import_onnx
from seg_perception.importing.onnx_file.trials import Trial, border_share, count_classes
from seg_perception.importing.onnx_file.variants import tensorrt_problem
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.onnx.quantization import count_quantised
from seg_perception.inference.onnxruntime_engine import CPU_PROVIDER, OnnxRuntimeEngine
from seg_perception.inference.operator_scan import uses_operator
from seg_perception.inference.reading import make_reader
from seg_perception.inference.tensorrt.build_supervisor import BuildSupervisor, BuildTimeouts
from seg_perception.inference.tensorrt.builder_pipe import BuildRequest
from seg_perception.inference.tensorrt.variants import find_variant

NAMES = ("red", "green", "blue", "other")
SAID: dict[str, Any] = {
    "pixels": "0..1",
    "channels": "rgb",
    "activation": "softmax",
    "names": NAMES,
    "licence": "MIT",
}


def frames(_width: int, _height: int) -> list[np.ndarray]:
    return [stripes()[0]]


def imported(file: File, folder: Path, **changes: Any) -> Bundle:
    answers = Answers(**{**SAID, **changes})
    return import_onnx(file.write(folder), folder / "bundle", frames, answers)


def share(bundle: Bundle) -> float:
    """How many labels of the stripes are right."""
    engine = OnnxRuntimeEngine(bundle, [CPU_PROVIDER])
    labels, *_ = engine.infer(stripes()[0])
    engine.close()
    return float((labels == stripes()[1]).mean())


def test_a_wrong_order_of_colours_gives_wrong_labels(tmp_path: Path) -> None:
    """Half of the stripes are red, a quarter each green and blue: only green stays right."""
    assert share(imported(File(bgr=True), tmp_path)) == 0.25


def test_the_bundle_takes_bytes_and_gives_bytes(tmp_path: Path) -> None:
    bundle = imported(File(stride=4, batch="n"), tmp_path)
    assert bundle.manifest.input.dtype == "uint8"
    assert bundle.manifest.input.layout == "NHWC"
    assert bundle.manifest.licence == "MIT"
    assert bundle.ontology.names == dict(enumerate(NAMES))
    assert bundle.manifest.training.details["source"] == "model.onnx"
    assert len(bundle.golden) == 1
    assert bundle.golden[0].confidence is not None


def calibration(_width: int, _height: int) -> list[np.ndarray]:
    return [np.roll(stripes()[0], shift, axis=1) for shift in (4, 8)]


@pytest.mark.parametrize(("file", "sampling"), [(File(), "none"), (File(sample="zeros"), "gather")])
def test_int8_is_written_in_the_form_for_tensorrt(
    tmp_path: Path, file: File, sampling: str
) -> None:
    """The stripes are so clear that 8 bits of the middle convolution change no label."""
    source = replace(file, change=more_convolutions).write(tmp_path)
    answers = Answers(**SAID)
    bundle = import_onnx(source, tmp_path / "bundle", frames, answers, calibration=calibration)
    found = bundle.manifest.variants[-1]
    assert (found.sampling, found.precision) == (sampling, "int8")
    assert found.parity is not None
    assert (found.parity.label_agreement, found.parity.least_agreement) == (1.0, 1.0)
    assert found.parity.candidate.endswith("int8 of 2 frames")
    assert count_quantised((bundle.folder / found.file).read_bytes()) == 1
    assert count_quantised(bundle.model_path.read_bytes()) == 0


def test_the_command_prints_what_int8_costs(tmp_path: Path) -> None:
    source, images = File(change=more_convolutions).write(tmp_path), tmp_path / "images"
    images.mkdir()
    for number in range(4):
        cv2.imwrite(str(images / f"{number}.png"), stripes()[0][..., ::-1])
    said = ("--pixels", "0..1", "--channels", "rgb", "--activation", "softmax", "--licence", "MIT")
    named = ("--names", ",".join(NAMES), "--frames", str(images), "--int8")
    done = CliRunner().invoke(
        app, ["import", str(source), "-o", str(tmp_path / "mine"), *said, *named]
    )
    assert done.exit_code == 0, done.output
    assert "labels equal 100.000%: ONNX Runtime on the CPU, none int8 of 2 frames" in done.output


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (File(end=("qdq",), change=more_convolutions), "is quantised already: leave --int8 out"),
        (File(change=fused), "it holds Gelu, which ONNX Runtime alone knows: leave --int8 out"),
        (
            File(sample="zeros", opset=20, change=sample_volume),
            "GridSample can't be written .*--int8",
        ),
        (File(opset=12, ir=7, change=more_convolutions), "opset 12 has no scales by channel"),
        (File(), "no product that may be quantised; leave --int8 out"),
    ],
)
def test_what_can_not_be_int8_is_refused(tmp_path: Path, file: File, sentence: str) -> None:
    source = file.write(tmp_path)
    with pytest.raises(SegPerceptionError, match=sentence):
        import_onnx(source, tmp_path / "bundle", frames, Answers(**SAID), calibration=calibration)
    assert not (tmp_path / "bundle").exists()


class Shown:
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.trials: Sequence[Trial] = ()
        self.page = Path()

    def __call__(self, trials: Sequence[Trial], page: Path) -> None:
        self.trials, self.page = trials, page


def test_every_form_of_pixels_is_tried_and_none_is_chosen(tmp_path: Path) -> None:
    """A network of BGR bytes: with its own form the stripes are red, green, blue for sure."""
    shown = Shown()
    answers = Answers(**{**SAID, "pixels": None, "channels": None})
    file = File(bgr=True, std=1.0).write(tmp_path)
    with pytest.raises(
        ImportModelError, match=r"give --pixels .*, --channels .*_trials\.html shows"
    ):
        import_onnx(file, tmp_path / "bundle", frames, answers, show=shown)
    assert not (tmp_path / "bundle").exists()
    found = {trial.options: trial for trial in shown.trials}
    assert len(found) == 8
    right = found["--pixels 0..255 --channels bgr"]
    np.testing.assert_array_equal(right.segmentations[0][0], stripes()[1])
    assert right.classes == 3
    # Three borders of 31 steps across, none of 15 down: 3 * 16 of 31 * 16 + 32 * 15.
    assert right.borders == pytest.approx(48 / 976)
    # Scores are 255 times smaller with pixels of 0..1, and nearly equal: a quarter each.
    assert right.confidence is not None
    assert found["--pixels 0..1 --channels bgr"].confidence == pytest.approx(0.25, abs=0.02)
    assert right.confidence > 0.99
    wrong = found["--pixels 0..255 --channels rgb"]
    assert (wrong.segmentations[0][0] == stripes()[1]).mean() == 0.25
    page = shown.page.read_text()
    assert shown.page == tmp_path / "bundle_trials.html"
    assert page.count("<img ") == 1 + 8
    assert all(f"<code>{options}</code>" in page for options in found)


def test_what_was_said_is_not_tried_again(tmp_path: Path) -> None:
    shown = Shown()
    answers = Answers(**{**SAID, "channels": None})
    file = File().write(tmp_path)
    with pytest.raises(ImportModelError, match=r"give --channels rgb\|bgr; "):
        import_onnx(file, tmp_path / "bundle", frames, answers, show=shown)
    assert [t.options for t in shown.trials] == [
        "--pixels 0..1 --channels rgb",
        "--pixels 0..1 --channels bgr",
    ]


def test_class_ids_have_no_confidence_to_show(tmp_path: Path) -> None:
    shown = Shown()
    answers = Answers(names=NAMES, licence="MIT")
    with pytest.raises(ImportModelError, match=r"give --pixels .*, --channels rgb\|bgr; "):
        import_onnx(
            File(end=("argmax",)).write(tmp_path), tmp_path / "out", frames, answers, show=shown
        )
    assert [trial.confidence for trial in shown.trials] == [None] * 8
    assert "nan" not in shown.page.read_text()


def test_numbers_of_a_label_map() -> None:
    labels = np.zeros((10, 20), np.uint8)
    labels[0, 0] = 1  # one of 200 pixels is less than a hundredth; two borders of 190 + 180
    labels[:, 10:] = 2  # and ten more
    assert count_classes([labels]) == 2
    assert border_share(labels) == pytest.approx(12 / 370)


def test_a_template_is_written_filled_in_and_taken(tmp_path: Path) -> None:
    file = File().write(tmp_path)
    with pytest.raises(
        ImportModelError, match=r"--names or --ontology \(of its 4 classes; .*\.yaml"
    ):
        import_onnx(file, tmp_path / "bundle", frames, Answers(**{**SAID, "names": ()}))
    template = tmp_path / "bundle_ontology.yaml"
    template.write_text(template.read_text().replace("class_0", "soil"))
    with pytest.raises(ImportModelError):
        import_onnx(file, tmp_path / "bundle", frames, Answers(**{**SAID, "names": ()}))
    ontology = Ontology.load(template)  # what was filled in is not overwritten
    answers = Answers(**{**SAID, "names": (), "ontology": ontology})
    bundle = import_onnx(file, tmp_path / "bundle", frames, answers)
    assert bundle.ontology.names[0] == "soil"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("names", "{0: 'soil', 1: 'tree'}"),
        ("names", '{"0": "soil", "1": "tree"}'),
        ("classes", '["soil", "tree"]'),
        ("class_names", "soil, tree"),
        ("id2label", "['soil', 'tree']"),
    ],
)
def test_names_are_found_beside_the_graph(key: str, text: str) -> None:
    ontology = find_ontology(Answers(), {key: text})
    assert ontology is not None
    assert ontology.names == {0: "soil", 1: "tree"}


@pytest.mark.parametrize("text", ["", "one", "{0: 'a', 2: 'b'}", "__import__('os').getcwd()"])
def test_what_names_no_classes_is_left(text: str) -> None:
    assert find_ontology(Answers(), {"names": text}) is None


def test_grid_sample_gets_a_form_for_tensorrt(tmp_path: Path) -> None:
    bundle = imported(File(sample="zeros"), tmp_path)
    variant = find_variant(bundle, "fp32")
    assert variant.name == "gather_fp32"
    assert not uses_operator(bundle.folder / variant.file, "GridSample")
    assert uses_operator(bundle.model_path, "GridSample")
    parities = {v.name: v.parity for v in bundle.manifest.variants}
    assert set(parities) == {"grid_sample_fp32", "gather_fp32"}
    assert all(p is not None and p.label_agreement == 1 for p in parities.values())


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (File(), ""),
        (File(sample="zeros"), ""),
        (File(sample="bicubic"), ""),
        (
            File(sample="zeros", opset=20, change=sample_volume),
            r"GridSample can't be written as gathers here \(sampled: volume is not float32",
        ),
        (File(change=fused), "it holds Gelu, which ONNX Runtime alone knows"),
    ],
    ids=["plain", "gathered", "bicubic", "volume", "fused"],
)
def test_what_tensorrt_will_not_take_is_known(file: File, said: str, tmp_path: Path) -> None:
    problem = tensorrt_problem(imported(file, tmp_path).model_path.read_bytes())
    assert re.fullmatch(f"{said}.*" if said else "", problem)


@pytest.mark.parametrize("content", [None, "version https://git-lfs.github.com/spec/v1\noid x\n"])
def test_weights_that_are_not_there_are_named(content: str | None, tmp_path: Path) -> None:
    file, data = File(external=True).write(tmp_path), tmp_path / "model.onnx.data"
    data.unlink()
    if content:
        data.write_text(content)
    said = "its Git LFS pointer" if content else r"should lie in model\.onnx\.data beside it"
    with pytest.raises(EngineError, match=said):
        import_onnx(file, tmp_path / "bundle", frames, Answers(**SAID))


def test_the_own_form_stays_as_it_is(tmp_path: Path, colour_model: Any) -> None:
    """Bytes in, labels and confidence out: only names and licence are asked for."""
    file = tmp_path / "model.onnx"
    file.write_bytes(colour_model.graph(32, 16, certain=False))
    with pytest.raises(ImportModelError, match=r"needs, give --names[^-]* or --ontology .*--lic"):
        import_onnx(file, tmp_path / "bundle", frames, Answers())
    said = Answers(names=("r", "g", "b"), licence="MIT")
    assert share(import_onnx(file, tmp_path / "bundle", frames, said)) == 1.0


def test_half_precision_is_made_and_compared(tmp_path: Path) -> None:
    bundle = imported(File(), tmp_path, precisions=("fp16_islands",))
    assert [v.name for v in bundle.manifest.variants] == ["none_fp32", "none_fp16_islands"]
    assert find_variant(bundle, "fp16_islands").file == "model_none_fp16_islands.onnx"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pixels": "imagenet", "mean": (1.0, 1.0, 1.0)}, "imagenet has its own mean and std"),
        ({"std": (1.0, 0.0, 1.0)}, "--std: expected numbers above 0"),
        ({"names": ("a",), "ontology": Ontology.load("goose")}, "both name the classes"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Answers(**given)


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with one picture of the stripes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), stripes()[0][..., ::-1])
    return folder


def test_the_command_asks_and_then_makes_what_verify_accepts(
    tmp_path: Path, pictures: Path
) -> None:
    file, output = File(stride=4).write(tmp_path), tmp_path / "mine"
    asked = command("import", file, "-o", output, "--frames", pictures)
    assert asked.exit_code != 0
    assert "--pixels 0..1 --channels rgb" in asked.stdout
    said = " ".join(str(asked.exception or "").split()) + asked.output
    assert "give --pixels 0..1|0..255|-1..1|imagenet" in said
    options = ["--pixels", "0..1", "--channels", "rgb", "--activation", "softmax"]
    more = ["--names", ",".join(NAMES), "--licence", "MIT"]
    done = command("import", file, "-o", output, "--frames", pictures, *options, *more, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["width"], facts["height"], facts["classes"]) == (32, 16, 4)
    checked = command("engine", "verify", output, "--json")
    states = {c["entry"]: c["state"] for c in json.loads(checked.stdout)["checks"]}
    assert states["onnxruntime/CPUExecutionProvider"] == "validated"


@pytest.mark.parametrize(
    "file",
    [
        File(stride=4, batch="n"),
        File(opset=11, ir=6, stride=4),
        File(sample="border"),
        File(end=("argmax",), size=("w", "h")),
        File(end=("qdq",)),
    ],
    ids=["open batch", "opset 11", "GridSample", "labels, open", "QDQ"],
)
def test_tensorrt_builds_what_was_imported(file: File, tmp_path: Path) -> None:
    pytest.importorskip(
        "tensorrt_rtx",
        reason="TensorRT for RTX has wheels for Linux on x86_64 alone",
        exc_type=ImportError,
    )
    size = (64, 48) if "w" in file.size else None
    activation = None if "argmax" in file.end else "softmax"
    bundle = imported(file, tmp_path, size=size, activation=activation)
    variant = find_variant(bundle, "fp32")
    request = BuildRequest(
        module="tensorrt_rtx",
        device=None,
        model=str(bundle.folder / variant.file),
        plan=str(tmp_path / "plan"),
        timing_cache=str(tmp_path / "timing"),
        input_shape=(1, bundle.height, bundle.width, 3),
        precision=variant.precision,
        workspace_mib=0,
        optimization_level=3,
    )
    result = BuildSupervisor(BuildTimeouts(300, 120)).build(request)
    (image,) = result.inputs
    assert (image.dtype, image.shape) == ("uint8", (1, bundle.height, bundle.width, 3))
    assert not uses_operator(bundle.folder / variant.file, "GridSample")
    found = {tensor.name: tensor for tensor in result.outputs}
    for spec in make_reader(bundle.manifest).specs:
        spec.expect(found[spec.name].shape, found[spec.name].dtype)


def test_options_of_onnx_files_are_not_left_out_in_silence(tmp_path: Path) -> None:
    done = command("import", tmp_path, "-o", tmp_path / "out", "--pixels", "0..1", "--std", "1,1,1")
    assert done.exit_code != 0
    said = f"{done.exception} {done.output}"
    assert "--pixels, --std are for .onnx files" in " ".join(said.split())

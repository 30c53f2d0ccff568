"""About seventy odd ONNX files: each becomes a bundle with the right labels, or is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")

import odd_onnx_files as odd_files
from odd_onnx_files import BYTE, DOUBLE, HALF, File, stripes

from seg_perception.core.errors import EngineError, SegPerceptionError
from seg_perception.importing.onnx_file.answers import Answers
from seg_perception.importing.onnx_file.model_import import import_onnx
from seg_perception.inference.onnxruntime_engine import CPU_PROVIDER, OnnxRuntimeEngine

NCHW, NHWC = "NCHW", "NHWC"
SAID: dict[str, Any] = {"pixels": "0..1", "channels": "rgb", "activation": "softmax"}
LICENCE = {"licence": "MIT", "name": "odd"}


@dataclass(frozen=True)
class Taken:
    """A file that becomes a bundle.

    Attributes:
        said: beside licence and names.
        kind: of the manifest's output.
        confidence: of a red pixel of pure colour, a byte; None where it says nothing.
    """

    file: File
    said: dict[str, Any] = field(default_factory=lambda: dict(SAID))
    kind: str = "labels_confidence"
    confidence: int | None = None


# Scores of a pure colour are 8 for its class and -4 for two others; the rest is below -4.8:
# 1 / (1 + 2 exp(-12) + ...) = 1.000 of 255.
SURE = 255
LABELS = {"channels": "rgb"}
MMSEG = {
    "pixels": "0..255",
    "mean": (123.675, 116.28, 103.53),
    "std": (58.395, 57.12, 57.375),
    "channels": "rgb",
}
SIZED = {**SAID, "size": (odd_files.WIDTH, odd_files.HEIGHT)}

TAKEN: dict[str, Taken] = {
    "plain": Taken(File(), confidence=SURE),
    "bgr": Taken(File(bgr=True), {**SAID, "channels": "bgr"}),
    "0..255": Taken(File(std=1.0), {**SAID, "pixels": "0..255"}),
    "-1..1": Taken(File(std=127.5, mean=127.5), {**SAID, "pixels": "-1..1"}),
    "imagenet": Taken(File(std=58.0), {**SAID, "pixels": "imagenet"}),
    "mean and std of bytes": Taken(
        File(std=50.0), {**SAID, "pixels": "0..255", "std": (50.0, 50.0, 50.0)}
    ),
    "NHWC in": Taken(File(layout=NHWC)),
    "NHWC in and out": Taken(File(layout=NHWC, end=("nhwc",))),
    "NHWC out": Taken(File(end=("nhwc",))),
    "NHWC out at a quarter": Taken(File(stride=4, end=("nhwc",))),
    "uint8 in": Taken(File(dtype=BYTE), {"channels": "rgb", "activation": "softmax"}),
    "uint8 in, NHWC": Taken(
        File(dtype=BYTE, layout=NHWC), {"channels": "rgb", "activation": "softmax"}
    ),
    "uint8 in, BGR": Taken(
        File(dtype=BYTE, bgr=True), {"channels": "bgr", "activation": "softmax"}
    ),
    "float bytes, normalised inside": Taken(File(inside=True), {**SAID, "pixels": "0..255"}),
    "float16 in": Taken(File(dtype=HALF)),
    "float16 in and out": Taken(File(dtype=HALF, end=("half",))),
    "float16 out": Taken(File(end=("half",))),
    "softmax inside": Taken(File(end=("softmax",)), {"pixels": "0..1", "channels": "rgb"}),
    "softmax, then NHWC": Taken(
        File(end=("softmax", "nhwc")), {"pixels": "0..1", "channels": "rgb"}
    ),
    "log-softmax inside": Taken(
        File(end=("log_softmax",)), {"pixels": "0..1", "channels": "rgb"}, confidence=SURE
    ),
    "sigmoid inside": Taken(File(end=("sigmoid",)), {"pixels": "0..1", "channels": "rgb"}),
    "sigmoid said": Taken(File(), {**SAID, "activation": "sigmoid"}, confidence=SURE),
    "one map of a sigmoid": Taken(
        File(classes=1, end=("sigmoid",)), {"pixels": "0..1", "channels": "rgb"}, confidence=SURE
    ),
    "one map of scores": Taken(
        File(classes=1), {"pixels": "0..1", "channels": "rgb"}, confidence=SURE
    ),
    "two classes": Taken(File(classes=2)),
    "18 classes": Taken(File(classes=18)),
    "150 classes": Taken(File(classes=150)),
    "255 classes": Taken(File(classes=255)),
    "300 classes": Taken(File(classes=300)),
    "half size": Taken(File(stride=2)),
    "a quarter": Taken(File(stride=4)),
    "an eighth": Taken(File(stride=8)),
    "three quarters": Taken(File(stride=4 / 3)),
    "twice the size": Taken(File(stride=0.5)),
    "int64 labels": Taken(File(end=("argmax",)), {"pixels": "0..1", **LABELS}, "labels"),
    "int64 labels [1, 1, h, w], as mmseg": Taken(
        File(end=("argmax_keep",), std=58.0, names=("input", "output")), MMSEG, "labels"
    ),
    "int64 labels [1, h, w, 1]": Taken(
        File(end=("nhwc", "argmax_nhwc")), {"pixels": "0..1", **LABELS}, "labels"
    ),
    "int32 labels": Taken(File(end=("argmax", "int32")), {"pixels": "0..1", **LABELS}, "labels"),
    "uint8 labels": Taken(File(end=("argmax", "uint8")), {"pixels": "0..1", **LABELS}, "labels"),
    "labels at a quarter": Taken(
        File(stride=4, end=("argmax",)), {"pixels": "0..1", **LABELS}, "labels"
    ),
    "SuperGradients: uint8 in, labels out": Taken(
        File(dtype=BYTE, end=("argmax",), names=("input", "segmentation_mask")), LABELS, "labels"
    ),
    "SuperGradients: uint8 in, scores out": Taken(
        File(dtype=BYTE, names=("input", "output")), {**LABELS, "activation": "softmax"}
    ),
    "SuperGradients: binary": Taken(
        File(dtype=BYTE, classes=1, end=("first", "greater", "int64")), LABELS, "labels"
    ),
    "open batch": Taken(File(batch="batch")),
    "open batch of no name": Taken(File(batch=None)),
    "open height and width": Taken(File(size=("width", "height")), SIZED),
    "everything open": Taken(File(batch="n", size=("w", "h")), SIZED),
    "everything open, labels": Taken(
        File(batch="n", size=("w", "h"), end=("argmax_keep",)),
        {**SIZED, "activation": None},
        "labels",
    ),
    "open, NHWC": Taken(File(layout=NHWC, batch="n", size=("w", "h")), SIZED),
    "layout said": Taken(
        File(channels=3, batch="n", size=("w", "h"), change=None), {**SIZED, "layout": NCHW}
    ),
    "as torch's newer exporter names sizes": Taken(
        File(batch="s77", size=("2*s0", "s53"), opset=20, ir=10, change=odd_files.as_dynamo), SIZED
    ),
    "the same with class ids": Taken(
        File(batch="s77", opset=20, ir=10, end=("argmax",), change=odd_files.as_dynamo),
        {"pixels": "0..1", **LABELS},
        "labels",
    ),
    "external data": Taken(File(external=True)),
    "QDQ": Taken(File(end=("qdq",))),
    "QDQ at a quarter, NHWC": Taken(File(stride=4, end=("qdq", "nhwc"))),
    "odd names": Taken(File(names=("x:0", "Identity/logits:0"))),
    "names that the bundle uses": Taken(File(names=("image", "labels"))),
    "confidence as a name": Taken(File(names=("labels", "confidence"))),
    "names of classes in the file": Taken(
        File(metadata={"names": "{0: 'red', 1: 'green', 2: 'blue', 3: 'other'}"}),
        {**SAID, "names": ()},
    ),
    "weights among the inputs": Taken(File(ir=3, opset=11, change=odd_files.add_weights_as_inputs)),
    "function of its own": Taken(File(change=odd_files.local_function)),
    "an extra output": Taken(
        File(change=odd_files.add_output("pooled", "GlobalAveragePool", "output")),
    ),
    "an extra output that would do": Taken(
        File(change=odd_files.add_output("aux", "Neg", "output")), {**SAID, "output": "output"}
    ),
    "GridSample, zeros": Taken(File(sample="zeros")),
    "GridSample, border": Taken(File(sample="border", opset=20)),
    "GridSample, reflection": Taken(File(sample="reflection")),
    "GridSample, nearest": Taken(File(sample="nearest", opset=20)),
    "GridSample, bicubic": Taken(File(sample="bicubic")),
    **{
        f"opset {n}": Taken(File(opset=n, ir=7 if n < 17 else 10)) for n in (11, 12, 13, 15, 18, 21)
    },
    "opset 11, quarter, one map": Taken(
        File(opset=11, ir=6, stride=4, classes=1), {"pixels": "0..1", "channels": "rgb"}
    ),
}
NEWEST = {f"opset {n}": Taken(File(opset=n, ir=11)) for n in (22, 23, 24)}
ALL = {**TAKEN, **NEWEST}


def names_for(file: File) -> tuple[str, ...]:
    count = 2 if file.classes == 1 else file.classes
    return tuple(f"class_{number}" for number in range(count))


def answers_for(file: File, said: dict[str, Any]) -> Answers:
    return Answers(**{"names": names_for(file), **LICENCE, **said})


def frames(_width: int, _height: int) -> list[np.ndarray]:
    return [stripes()[0]]


def wanted(file: File) -> np.ndarray:
    """Labels of the stripes: of one map, red is the object; what lacks a class takes the least bad.

    With two classes blue scores -4 for both, and the first wins.
    """
    labels = stripes()[1]
    if file.classes == 1:
        return (labels == 0).astype(np.uint8)
    return np.where(labels < file.classes, labels, 0).astype(np.uint8)


@pytest.mark.parametrize("taken", ALL.values(), ids=ALL)
def test_it_becomes_a_bundle_with_the_right_labels(taken: Taken, tmp_path: Path) -> None:
    file = taken.file.write(tmp_path)
    answers = answers_for(taken.file, taken.said)
    try:
        bundle = import_onnx(file, tmp_path / "bundle", frames, answers)
    except EngineError as error:
        assert taken.file.opset > 21  # a newer ONNX than this runtime's is refused, and said
        pytest.skip(str(error))
    engine = OnnxRuntimeEngine(bundle, [CPU_PROVIDER])
    labels, confidence, _ = engine.infer(stripes()[0])
    engine.close()
    assert bundle.manifest.output.kind == taken.kind
    # Enlarging blurs scores over less than a stride beside each border of colours.
    stride = taken.file.stride
    margin = 0 if not isinstance(stride, int | float) or stride <= 1 else int(np.ceil(stride))
    inner = np.abs(np.arange(odd_files.WIDTH) - np.array([[8], [16], [24]])).min(0) >= margin
    np.testing.assert_array_equal(labels[:, inner], wanted(taken.file)[:, inner])
    if taken.confidence is not None:
        assert abs(int(confidence[0, 0]) - taken.confidence) <= 1
    np.testing.assert_array_equal(bundle.golden[0].labels, labels)
    assert bundle.manifest.parity[0].label_agreement >= 0.99


@dataclass(frozen=True)
class Refused:
    """A file that is refused, and words of the sentence."""

    file: File
    words: str
    said: dict[str, Any] = field(default_factory=lambda: dict(SAID))


REFUSED: dict[str, Refused] = {
    "nothing said": Refused(
        File(), r"give --pixels 0\.\.1\|.*--channels rgb\|bgr, --activation .*--frames FOLDER", {}
    ),
    "first divides by 255": Refused(File(inside=True), r"the graph first divides by 255", {}),
    "size not said": Refused(File(size=("w", "h")), r"give --size WxH \(the graph takes any\)"),
    "another size said": Refused(
        File(),
        r"was exported for 32x16, which --size 64x64 can't change",
        {**SAID, "size": (64, 64)},
    ),
    "too small": Refused(File(size=(4, 4)), r"expected an image of 8 to 16384 pixels a side"),
    "batch of two": Refused(File(batch=2), r"takes 2 images at once: export it for one"),
    "one channel": Refused(File(channels=1), r"expected three colour channels.* with 1: a network"),
    "four channels": Refused(File(channels=4), r"expected three colour channels.* with 4"),
    "two inputs": Refused(
        File(change=odd_files.add_input), r"one input, an image, got input, scale"
    ),
    "no input": Refused(File(change=odd_files.drop_input), r"one input, an image, got none"),
    "no output": Refused(File(change=odd_files.drop_outputs), r"has no output: export it again"),
    "no shape": Refused(File(change=odd_files.drop_shape), r"got input with no shape"),
    "three axes": Refused(File(change=odd_files.open_rank), r"got input with \[3, 16, 32\]"),
    "float64 in": Refused(File(dtype=DOUBLE), r"got input of double: export it in float32"),
    "float64 out": Refused(File(end=("double",)), r"got output float64 .*export the semantic"),
    "ids as floats": Refused(
        File(end=("argmax_keep", "float")), r"seems to hold class ids as .* floats"
    ),
    "no axis of classes": Refused(
        File(classes=1, end=("sigmoid", "first")), r"one value a pixel and no axis of classes"
    ),
    "opset 9": Refused(File(opset=9, ir=4), r"has opset 9: expected 11 or newer"),
    "custom operator": Refused(
        File(change=odd_files.custom_operator), r"operator mmdeploy:TopPool, which is not one of"
    ),
    "two outputs that would do": Refused(
        File(change=odd_files.add_output("aux", "Neg", "output")),
        r"--output-name NAME \(several would do: output \[1, 4, 16, 32\], aux \[1, 4",
    ),
    "an output that is not there": Refused(
        File(), r"has no output 'logits', it has output", {**SAID, "output": "logits"}
    ),
    "square maps of as many classes": Refused(
        File(size=(16, 16), classes=16), r"--output-layout NCHW\|NHWC"
    ),
    "YOLO boxes": Refused(
        File(change=odd_files.only_constants((1, 84, 126))), r"is a detector such as YOLO \(out_0"
    ),
    "YOLO boxes and prototypes": Refused(
        File(change=odd_files.only_constants((1, 116, 126), (1, 32, 8, 16))), r"a detector such as"
    ),
    "YOLO anchors": Refused(
        File(change=odd_files.only_constants((1, 255, 4, 8), (1, 255, 2, 4), (1, 255, 1, 2))),
        r"is a detector such as YOLO",
    ),
    "YOLO by its task": Refused(File(metadata={"task": "segment"}), r"is a detector such as YOLO"),
    "mask queries": Refused(
        File(change=odd_files.only_constants((1, 100, 20), (1, 100, 4, 8))),
        r"gives raw mask queries \(out_0 and out_1\).*import the checkpoint's folder",
    ),
    "classifier": Refused(
        File(change=odd_files.only_constants((1, 1000))), r"one answer for a whole image"
    ),
    "maps of other proportions": Refused(
        File(change=odd_files.only_constants((1, 5, 3, 3))), r"expected scores .* of an image 32x16"
    ),
    "not finite": Refused(File(change=odd_files.not_finite), r"is not finite on an ordinary image"),
    "names of another number": Refused(
        File(), r"tells 4 classes apart, odd has 3", {**SAID, "names": ("a", "b", "c")}
    ),
    "pixels of bytes": Refused(
        File(dtype=BYTE), r"takes bytes and normalises them itself: leave --pixels out"
    ),
    "activation of ids": Refused(File(end=("argmax",)), r"ids, which .* leave --activation out"),
    "activation that is there": Refused(
        File(end=("softmax",)), r"softmax does not fit, the graph ends in Softmax: expected none"
    ),
    "no licence": Refused(File(), r"--licence \(of the weights", {**SAID, "licence": ""}),
    "no names": Refused(
        File(classes=19),
        r"of its 19 classes; .*bundle_ontology\.yaml .*cityscapes_train.* has as",
        {**SAID, "names": ()},
    ),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_the_mend(refused: Refused, tmp_path: Path) -> None:
    file = refused.file.write(tmp_path)
    with pytest.raises(SegPerceptionError, match=refused.words) as caught:
        import_onnx(file, tmp_path / "bundle", frames, answers_for(refused.file, refused.said))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "bundle").exists()


def test_the_table_is_long() -> None:
    assert len(ALL) + len(REFUSED) >= 70

"""A bare ONNX file becomes a bundle; what can't be known is asked for, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception import __version__
from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, ImportModelError
from seg_perception.importing.onnx_file.answers import Answers
from seg_perception.importing.onnx_file.conversion import (
    Converted,
    convert,
    ontology_of,
    run_converted,
    run_source,
)
from seg_perception.importing.onnx_file.form import Form, read_form
from seg_perception.importing.onnx_file.sheet import write_sheet
from seg_perception.importing.onnx_file.trials import Trial, try_all
from seg_perception.importing.onnx_file.variants import make_variants
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.bundle_writer import BundleSource, Golden, write_bundle
from seg_perception.inference.manifest import Parity, Training
from seg_perception.inference.onnx.frozen import opset_of
from seg_perception.inference.preprocessing import Resize, make_preprocessing
from seg_perception.inference.reading import Segmentation

Image = NDArray[np.uint8]
_LEAST_AGREEMENT = 0.99


def import_onnx(
    file: Path,
    output: Path,
    frames: Callable[[int, int], Sequence[Image]],
    answers: Answers,
    *,
    calibration: Callable[[int, int], Iterable[Image]] | None = None,
    show: Callable[[Sequence[Trial], Path], None] | None = None,
) -> Bundle:
    """Make a bundle of an ONNX file.

    Args:
        file: the model; its weights may lie beside it.
        output: the bundle; must not exist.
        frames: gives pictures, uint8 (H, W, 3) RGB of any size, for the network's width and
            height; they become the golden frames.
        answers: what was said of the model.
        calibration: gives the pictures that INT8 is calibrated with; None writes no INT8.
        show: told of trials and of the page that shows them, where the frames are of a camera
            and the pixels not known.

    Raises:
        ImportModelError: something has to be said first, or the file can't be used.
        EngineError: it can't be read, or ONNX Runtime fails.
        BundleError: the output exists.
    """
    expect_new(output, BundleError)
    form = read_form(file, answers, output.with_name(f"{output.name}_ontology.yaml"))
    asked = form.shape_questions() or form.output_questions()
    if asked:
        raise ImportModelError(_asking(form, [*asked, *form.pixel_questions()], ""))
    pixels = form.pixel_questions()
    shown = _show_trials(form, output, frames, show) if pixels and show else ""
    if questions := [*pixels, *form.other_questions()]:
        raise ImportModelError(_asking(form, questions, shown))
    more = _scaled(form, calibration) if calibration else []
    return write_bundle(output, _bundle(form, _scaled(form, frames), more))


def _asking(form: Form, questions: Sequence[str], shown: str) -> str:
    seen = any(q.startswith(("--pixels", "--channels")) for q in questions)
    hint = shown or "; --frames FOLDER of your camera's images shows what each pixel form gives"
    what = ", ".join(questions)
    file = form.source.file
    return f"{file} does not say all that a bundle needs, give {what}{hint if seen else ''}"


def _show_trials(
    form: Form,
    output: Path,
    frames: Callable[[int, int], Sequence[Image]],
    show: Callable[[Sequence[Trial], Path], None],
) -> str:
    images = _scaled(form, frames)
    trials = try_all(form, images)
    page = output.with_name(f"{output.name}_trials.html")
    named = form.ontology is not None
    write_sheet(page, form.source.file, images, trials, ontology_of(form), named=named)
    show(trials, page)
    return f"; {page} shows what each pixel form gives on your frames"


def _scaled(form: Form, frames: Callable[[int, int], Iterable[Image]]) -> list[Image]:
    size = form.source.image.size
    prepare = make_preprocessing(size, Resize()).prepare
    return [np.ascontiguousarray(prepare(image)) for image in frames(*size)]


def _bundle(form: Form, images: Sequence[Image], calibration: Sequence[Image]) -> BundleSource:
    answers, source = form.answers, form.source
    converted = convert(form, answers)
    found = run_converted(form, converted, images)
    parity = _parity(form, run_source(form, answers, images), found)
    _expect_telling(form, found)
    return BundleSource(
        name=answers.name,
        version=answers.version,
        ontology=ontology_of(form),
        input=converted.input,
        output=converted.output,
        model=converted.model,
        variants=make_variants(form, converted, images, found, calibration),
        licence=form.licence,
        golden=[_golden(converted, *pair) for pair in zip(images, found, strict=True)],
        opset=opset_of(source.model),
        parity=(parity,),
        training=Training(
            command=f"seg-perception {__version__} import {source.file.name}",
            details={
                "source": source.file.name,
                "source_sha256": sha256(source.file),
                "producer": f"{source.model.producer_name} {source.model.producer_version}".strip(),
            },
        ),
    )


def _golden(converted: Converted, image: Image, answer: Segmentation) -> Golden:
    """Labels alone have no confidence that says anything."""
    return (image, answer[0]) if converted.output.kind == "labels" else (image, *answer[:2])


def _parity(form: Form, wanted: Sequence[Segmentation], got: Sequence[Segmentation]) -> Parity:
    shares = [float((a[0] == b[0]).mean()) for a, b in zip(wanted, got, strict=True)]
    errors = [
        float(np.abs(a[1].astype(int) - b[1]).max()) / 255 for a, b in zip(wanted, got, strict=True)
    ]
    if min(shares) < _LEAST_AGREEMENT:
        msg = (
            f"{form.source.file}: the bundle's graph gives {min(shares):.2%} of the labels of the "
            "file itself: report it with the file, nothing was written"
        )
        raise ImportModelError(msg)
    return Parity(
        reference=f"{form.source.file.name}, normalised and compared on the host",
        candidate="this bundle's graph",
        frames=len(got),
        label_agreement=float(np.mean(shares)),
        least_agreement=min(shares),
        max_abs_error=max(errors),
    )


def _expect_telling(form: Form, found: Sequence[Segmentation]) -> None:
    seen = {int(label) for answer in found for label in np.unique(answer[0])}
    if len(seen) < 2:
        msg = (
            f"{form.source.file} gives every pixel of the frames one class ({seen}), which proves "
            "nothing: give --frames with pictures of several classes, or other --pixels and "
            "--channels"
        )
        raise ImportModelError(msg)

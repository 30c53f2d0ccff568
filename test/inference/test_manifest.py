"""The manifest reads back what it wrote and refuses everything it does not know."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from seg_perception.core.errors import BundleError
from seg_perception.inference.manifest import Manifest

HASH = "0" * 64


def document(**changes: Any) -> dict[str, Any]:
    """What somebody with an ONNX file of their own would write by hand."""
    classes = [
        {"id": 0, "name": "ground", "color": "#806040"},
        {"id": 1, "name": "tree", "color": "#208020"},
    ]
    return {
        "name": "mine",
        "version": "1",
        "ontology": {"name": "mine", "classes": classes},
        "input": {"name": "x", "width": 64, "height": 32, "dtype": "float32", "layout": "NCHW"},
        "output": {"kind": "logits", "name": "y"},
        "files": {"model.onnx": HASH},
        "licence": "MIT",
        **changes,
    }


def read(tmp_path: Path, data: dict[str, Any]) -> Manifest:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(data))
    return Manifest.read(file)


def test_a_foreign_model_needs_no_more_than_this(tmp_path: Path) -> None:
    manifest = read(tmp_path, document())
    assert manifest.class_count == 2
    assert manifest.input.scale == pytest.approx(1 / 255)
    assert manifest.output.kind == "logits"
    assert manifest.used_files() == {"model.onnx"}


def test_dump_reads_back_equal(tmp_path: Path) -> None:
    native = document(
        input={"width": 64, "height": 32},
        output={"kind": "labels_confidence"},
        golden=[{"image": "golden/a.png", "labels": "golden/b.png"}],
        files=dict.fromkeys(["model.onnx", "golden/a.png", "golden/b.png"], HASH),
    )
    for data in (document(), native):
        manifest = read(tmp_path, data)
        file = tmp_path / "again.json"
        file.write_text(manifest.dump())
        assert Manifest.read(file) == manifest


VARIANT = {"file": "model_gather.onnx", "sampling": "gather", "precision": "fp32"}


def test_a_bundle_from_before_there_were_variants_still_loads(tmp_path: Path) -> None:
    files = dict.fromkeys(["model.onnx", "model_gather.onnx"], HASH)
    former = read(tmp_path, document(model_gather="model_gather.onnx", files=files))
    assert former == read(tmp_path, document(variants=[VARIANT], files=files))
    assert former.variants[0].name == "gather_fp32"
    assert read(tmp_path, document(model_gather=None)) == read(tmp_path, document())


def test_a_variant_may_say_in_which_form_the_plain_model_is(tmp_path: Path) -> None:
    plain = {"file": "model.onnx", "sampling": "none", "precision": "fp32"}
    manifest = read(tmp_path, document(variants=[plain]))
    assert manifest.variants[0].parity is None
    assert manifest.used_files() == {"model.onnx"}


REFUSED = {
    "variant twice": (
        {"variants": [VARIANT, {**VARIANT, "file": "other.onnx"}]},
        "variants: variant gather_fp32 is named twice; keep one of them",
    ),
    "file in two variants": (
        {"variants": [VARIANT, {**VARIANT, "precision": "bf16_islands"}]},
        "variants: file model_gather.onnx is named twice",
    ),
    "variant without hash": ({"variants": [VARIANT]}, "files: no sha256 of model_gather.onnx"),
    "unknown precision": ({"variants": [{**VARIANT, "precision": "fp8"}]}, "variants.0.precision"),
    "typo": ({"licens": "MIT"}, r"unknown key 'licens'; did you mean 'licence'\?"),
    "nested typo": (
        {"input": {"widht": 64, "width": 64, "height": 32}},
        r"unknown key 'input.widht'; did you mean 'width'\?",
    ),
    "strange key": ({"qqq": 1}, "unknown key 'qqq'; remove it"),
    "gap in the ids": (
        {"ontology": {"name": "o", "classes": [{"id": 1, "name": "a", "color": "#000000"}]}},
        "expected class ids 0 to 0, but 0 is missing; number the classes without gaps",
    ),
    "unlisted file": ({"files": {}}, "no sha256 of model.onnx; add what `sha256sum model.onnx`"),
    "short hash": ({"files": {"model.onnx": "12"}}, "files.model.onnx: String should match"),
    "outside": ({"model": "../model.onnx"}, "model: expected a path inside the bundle"),
    "absolute": ({"model": "/model.onnx"}, "model: expected a path inside the bundle"),
    "native without golden": (
        {"output": {"kind": "labels_confidence"}},
        "golden: a labels_confidence model needs golden frames",
    ),
    "normalised bytes": (
        {"input": {"width": 64, "height": 32, "mean": [0.5, 0.5, 0.5]}},
        r"input: a uint8 input takes raw pixels; drop \['mean'\]",
    ),
    "zero std": (
        {"input": {"width": 64, "height": 32, "dtype": "float32", "std": [1, 0, 1]}},
        r"std: expected values above 0, got \[1.0, 0.0, 1.0\]",
    ),
    "no number": (
        {"input": {"width": 64, "height": 32, "dtype": "float32", "mean": [math.nan, 0, 0]}},
        "input.mean.0: Input should be a finite number",
    ),
    "text for a number": ({"input": {"width": "64", "height": 32}}, "input.width: .*integer"),
    "unknown output": ({"output": {"kind": "boxes"}}, "output: .*'boxes'"),
    "later format": ({"format": 2}, "format: Input should be 1"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_manifest_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        read(tmp_path, document(**changes))
    assert "manifest.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    data = document()
    del data["licence"]
    with pytest.raises(BundleError, match="licence is missing; give it a value"):
        read(tmp_path, data)


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match="Invalid JSON"):
        Manifest.read(tmp_path / "manifest.json")


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="expected the folder or zip of a model bundle"):
        Manifest.read(tmp_path / "manifest.json")

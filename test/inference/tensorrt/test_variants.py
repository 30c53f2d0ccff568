"""An entry of the chain and the file of a bundle that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seg_perception.core.errors import NoVariantError
from seg_perception.inference.bundle_writer import VariantSource
from seg_perception.inference.tensorrt import variants as module
from seg_perception.inference.tensorrt.variants import find_variant

if TYPE_CHECKING:
    from conftest import MakeBundle

    from seg_perception.inference.bundle_writer import BundleSource

VARIANTS = [
    VariantSource(None, "grid_sample", "fp32"),
    VariantSource(b"a", "gather", "fp32"),
    VariantSource(b"b", "gather", "fp16_islands"),
]


@pytest.mark.parametrize(
    ("choice", "file", "name"),
    [
        ("fp32", "model_gather_fp32.onnx", "gather_fp32"),
        ("fp16_islands", "model_gather_fp16_islands.onnx", "gather_fp16_islands"),
        ("grid_sample_fp32", "model.onnx", "grid_sample_fp32"),
        ("plain", "model.onnx", "grid_sample_fp32"),
        # Not carried: the builder makes it of the float32 variant.
        ("bf16_islands", "model_gather_fp32.onnx", "gather_fp32_to_bf16_islands"),
    ],
)
def test_a_precision_takes_the_form_without_grid_sample(
    make_bundle: MakeBundle, choice: str, file: str, name: str
) -> None:
    variant = find_variant(make_bundle(variants=VARIANTS), choice)
    assert (variant.file, variant.name) == (file, name)
    assert variant.derived is ("_to_" in name)


def test_a_form_that_is_not_there_is_named_with_those_that_are(make_bundle: MakeBundle) -> None:
    with pytest.raises(
        NoVariantError, match="has no variant none_fp32, it has grid_sample_fp32, gat"
    ):
        find_variant(make_bundle(variants=VARIANTS), "none_fp32")


def test_without_the_package_onnx_nothing_is_derived(
    make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NoVariantError, match="has no variant bf16_islands"):
        find_variant(make_bundle(variants=VARIANTS), "bf16_islands")


def test_grid_sample_is_never_taken_for_a_precision(make_bundle: MakeBundle) -> None:
    with pytest.raises(NoVariantError, match="has no variant fp32, it has grid_sample_fp32;"):
        find_variant(make_bundle(variants=VARIANTS[:1]), "fp32")


def test_a_bundle_that_does_not_tell_has_its_plain_file(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    for choice in ("fp32", "plain"):
        variant = find_variant(bundle, choice)
        assert (variant.file, variant.name, variant.precision) == ("model.onnx", "plain", "fp32")


def sampling_model() -> bytes:
    """GridSample in a graph, and its name in a tensor's."""
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("GridSample", ["x", "g"], ["GridSample_output_0"])
    return bytes(
        onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], [])).SerializeToString()
    )


def test_grid_sample_of_which_the_manifest_says_nothing_is_found(make_bundle: MakeBundle) -> None:
    bundle = make_bundle(model=sampling_model())
    for choice in ("fp32", "fp16_islands"):
        with pytest.raises(NoVariantError, match=r"model\.onnx holds GridSample.*import"):
            find_variant(bundle, choice)
    assert find_variant(bundle, "plain").file == "model.onnx"  # golden frames show what it is


def test_grid_sample_needs_golden_frames(make_bundle: MakeBundle, foreign: BundleSource) -> None:
    with pytest.raises(NoVariantError, match="no golden frames that would show it"):
        find_variant(make_bundle(foreign, model=sampling_model()), "plain")


def test_the_name_of_a_tensor_is_no_operator(make_bundle: MakeBundle) -> None:
    model = sampling_model().replace(b"\x22\x0aGridSample", b"\x22\x0aSampleGrid")
    assert find_variant(make_bundle(model=model), "fp32").name == "plain"

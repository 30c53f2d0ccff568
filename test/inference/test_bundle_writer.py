"""What is written can be read, and nothing half-made is left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from full_disk import full_disk

from seg_perception.core.errors import BundleError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import VariantSource, write_bundle
from seg_perception.inference.manifest import Parity, Training

if TYPE_CHECKING:
    from conftest import Stripes

    from seg_perception.inference.bundle_writer import BundleSource


def test_everything_comes_back(tmp_path: Path, native: BundleSource, stripes: Stripes) -> None:
    parity = Parity(reference="a", candidate="b", frames=3, label_agreement=0.999)
    source = replace(
        native,
        variants=[
            VariantSource(None, "grid_sample", "fp32"),
            VariantSource(b"gather", "gather", "fp16_islands", parity),
        ],
        parity=(parity,),
        training=Training(command="train", seed=7, datasets=("x", "y"), details={"steps": 10}),
    )
    written = write_bundle(tmp_path / "sub" / "tiny", source)
    manifest = Bundle.load(written.folder).manifest
    assert (written.folder / "model.onnx").read_bytes() == source.model
    plain, gather = manifest.variants
    assert (plain.file, plain.sampling, plain.precision) == ("model.onnx", "grid_sample", "fp32")
    assert (gather.sampling, gather.precision) == ("gather", "fp16_islands")
    assert gather.parity == parity
    assert written.variant_path(gather).read_bytes() == b"gather"
    assert (written.folder / "LICENSE").read_text() == "No rights reserved."
    for key in ("name", "version", "ontology", "input", "output", "licence", "notice", "opset"):
        assert getattr(manifest, key) == getattr(source, key)
    assert manifest.parity == source.parity
    assert manifest.training == source.training
    np.testing.assert_array_equal(written.golden[0].image, stripes[0])


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, native: BundleSource) -> None:
    first = write_bundle(tmp_path / "a", native).folder
    second = write_bundle(tmp_path / "b", native).folder
    assert (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()


def test_a_folder_in_use_is_left_alone(tmp_path: Path, native: BundleSource) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(BundleError, match="exists: expected a new folder"):
        write_bundle(tmp_path, native)
    assert [file.name for file in tmp_path.iterdir()] == ["notes"]


def test_a_source_that_contradicts_itself_leaves_nothing(
    tmp_path: Path, native: BundleSource
) -> None:
    classes = [{"id": 5, "name": "a", "color": "#000000"}]
    gap = Ontology.parse({"name": "gap", "classes": classes}, "test")
    with pytest.raises(BundleError, match="bundle tiny: ontology: expected class ids 0 to 0"):
        write_bundle(tmp_path / "tiny", replace(native, ontology=gap))
    assert list(tmp_path.iterdir()) == []


def test_golden_frames_of_another_size_leave_nothing(
    tmp_path: Path, native: BundleSource, stripes: Stripes
) -> None:
    small = (stripes[0][:4].copy(), stripes[1][:4].copy())
    with pytest.raises(BundleError, match="expected the network's size"):
        write_bundle(tmp_path / "tiny", replace(native, golden=[small]))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, native: BundleSource) -> None:
    with full_disk(10), pytest.raises(BundleError, match=r"model\.onnx: can't be written"):
        write_bundle(tmp_path / "tiny", native)
    assert list(tmp_path.iterdir()) == []

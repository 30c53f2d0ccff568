"""Weights beside a model come from the model's own folder, or are missed in one sentence."""

# ruff: noqa: E402  (onnx, which may be absent, is looked for first)
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")

from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.onnx import files
from seg_perception.inference.onnx.files import all_tensors, read_model

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 768\n"


def save(folder: Path, value: float, location: str = "model.onnx.data") -> Path:
    """`y = x + w`, w of (2, 3) in a file of its own."""
    folder.mkdir(exist_ok=True)
    weights = numpy_helper.from_array(np.full((2, 3), value, np.float32), "w")
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [info("x", TensorProto.FLOAT, [2, 3])],
        [info("y", TensorProto.FLOAT, [2, 3])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    file = folder / "model.onnx"
    onnx.save(model, str(file), save_as_external_data=True, location=location, size_threshold=0)
    return file


def weights(file: Path) -> np.ndarray:
    (tensor,) = read_model(file).graph.initializer
    return numpy_helper.to_array(tensor)


def test_weights_of_the_current_folder_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = save(tmp_path / "mine", 1.0)
    save(tmp_path / "other", 2.0)
    monkeypatch.chdir(tmp_path / "other")
    np.testing.assert_array_equal(weights(file), np.ones((2, 3), np.float32))
    (file.parent / "model.onnx.data").unlink()
    with pytest.raises(EngineError, match=r"mine/model\.onnx: its weights .* model\.onnx\.data"):
        read_model(file)


def test_data_that_was_cut_or_not_fetched_is_named(tmp_path: Path) -> None:
    file = save(tmp_path, 1.0)
    data = tmp_path / "model.onnx.data"
    data.write_bytes(data.read_bytes()[:20])
    with pytest.raises(EngineError, match=r"expected at least 24 bytes, got 20"):
        read_model(file)
    data.write_text(POINTER)
    with pytest.raises(EngineError, match=r"data: expected the file itself, got its Git LFS"):
        read_model(file)


def test_more_than_one_file_holds_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The data are a sparse file of 3 GB: it takes no place on the disk, and nobody reads it."""
    file = save(tmp_path, 1.0)
    model = onnx.load(str(file), load_external_data=False)
    said = {entry.key: entry for entry in model.graph.initializer[0].external_data}
    said["offset"].value, said["length"].value = "0", str(3 * 10**9)
    file.write_bytes(model.SerializeToString())
    os.truncate(tmp_path / "model.onnx.data", 3 * 10**9)
    with pytest.raises(EngineError, match=r"has 3\.0 GB with its weights, .* holds 2\.1: take"):
        read_model(file)


def test_the_limit_counts_graph_and_weights_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph's own bytes and 24 of weights fit into just as many."""
    file = save(tmp_path, 1.0)
    whole = file.stat().st_size + 24
    monkeypatch.setattr(files, "_LARGEST_BYTES", whole)
    with pytest.raises(EngineError, match="take a smaller model, or store its weights in 16 bits"):
        read_model(file)
    monkeypatch.setattr(files, "_LARGEST_BYTES", whole + 1)
    np.testing.assert_array_equal(weights(file), np.ones((2, 3), np.float32))


def test_links_of_a_download_cache_are_followed(tmp_path: Path) -> None:
    original = save(tmp_path / "blobs", 3.0)
    cache = tmp_path / "snapshot"
    cache.mkdir()
    for name in ("model.onnx", "model.onnx.data"):
        (cache / name).symlink_to(original.parent / name)
    np.testing.assert_array_equal(weights(cache / "model.onnx"), np.full((2, 3), 3, np.float32))


def test_data_outside_the_folder_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path / "mine", 1.0)
    (tmp_path / "model.onnx.data").write_bytes(bytes(24))
    model = onnx.load(str(file), load_external_data=False)
    model.graph.initializer[0].external_data[0].value = "../model.onnx.data"
    file.write_bytes(model.SerializeToString())
    with pytest.raises(EngineError, match=r"not in the model's own folder"):
        read_model(file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (POINTER.encode(), "got its Git LFS pointer"),
        (b"", "holds no graph"),
        (b"no model at all", "is no ONNX file"),
        (b"<!DOCTYPE html><html>", "is no ONNX file"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(EngineError, match=said):
        read_model(file)
    with pytest.raises(EngineError, match=r"can't be read \(No such file"):
        read_model(tmp_path / "none.onnx")


def test_constants_in_branches_are_found() -> None:
    tensor = numpy_helper.from_array(np.zeros(1, np.float32), "inner")
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=tensor)], "b", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    graph = helper.make_graph([node], "g", [], [])
    assert [t.name for t in all_tensors(graph)] == ["inner", "inner"]

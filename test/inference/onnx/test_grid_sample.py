"""GridSample as gathers answers as ONNX Runtime's operator does."""

# ruff: noqa: E402  (onnx, which may be absent, is looked for first)
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the graphs are run in onnxruntime")

from onnx import TensorProto, helper

from seg_perception.inference.onnx.grid_sample import can_gather, gather_samples, grid_samples

IMAGE, GRID = (2, 3, 5, 7), (2, 4, 6, 2)


def model(opset: int = 17, image: Any = IMAGE, **attributes: Any) -> Any:
    info = helper.make_tensor_value_info
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], name="sampler", **attributes)
    inputs = [info("x", TensorProto.FLOAT, image), info("grid", TensorProto.FLOAT, GRID)]
    graph = helper.make_graph([node], "g", inputs, [info("y", TensorProto.FLOAT, [2, 3, 4, 6])])
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def run(proto: Any, grid: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = np.random.default_rng(1).normal(size=IMAGE).astype(np.float32)
    return session.run(["y"], {"x": x, "grid": grid})[0]


MODES = {"bilinear": "linear", "nearest": "nearest", "bicubic": "cubic"}


@pytest.mark.parametrize("opset", [16, 20])
@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [0, 1])
def test_the_answer_is_that_of_the_operator(
    opset: int, mode: str, padding: str, align_corners: int
) -> None:
    mode = mode if opset < 20 else MODES[mode]
    before = model(opset, mode=mode, padding_mode=padding, align_corners=align_corners)
    after = model(opset, mode=mode, padding_mode=padding, align_corners=align_corners)
    assert can_gather(after) == ""
    gather_samples(after)
    onnx.checker.check_model(after, full_check=True)
    assert grid_samples(after) == []
    grid = np.random.default_rng(2).uniform(-1.6, 1.6, GRID).astype(np.float32)
    grid[0, 0, :4] = [[-1, -1], [1, 1], [100, -100], [0, 0]]
    np.testing.assert_allclose(run(after, grid), run(before, grid), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("aligned", [False, True])
def test_the_answer_is_that_of_torch(mode: str, padding: str, aligned: bool) -> None:  # noqa: FBT001 (pytest gives it)
    torch = pytest.importorskip("torch", reason="compares with torch")
    proto = model(mode=mode, padding_mode=padding, align_corners=int(aligned))
    gather_samples(proto)
    grid = np.random.default_rng(5).uniform(-2.4, 2.4, GRID).astype(np.float32)
    x = torch.from_numpy(np.random.default_rng(1).normal(size=IMAGE).astype(np.float32))
    wanted = torch.nn.functional.grid_sample(
        x, torch.from_numpy(grid), mode, padding, align_corners=aligned
    )
    np.testing.assert_allclose(run(proto, grid), wanted.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("aligned", [0, 1])
def test_a_mirror_of_one_pixel_shows_that_pixel(aligned: int) -> None:
    proto = model(image=(2, 3, 1, 1), padding_mode="reflection", align_corners=aligned)
    gather_samples(proto)
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = np.arange(6, dtype=np.float32).reshape(2, 3, 1, 1)
    grid = np.random.default_rng(2).uniform(-1.6, 1.6, GRID).astype(np.float32)
    got = session.run(["y"], {"x": x, "grid": grid})[0]
    np.testing.assert_allclose(got, np.broadcast_to(x, got.shape), rtol=1e-5)


def test_by_hand() -> None:
    """Half a pixel beyond the right edge, zeros outside: half of the last column's value."""
    proto = model(padding_mode="zeros", align_corners=0)
    gather_samples(proto)
    grid = np.zeros(GRID, np.float32)
    grid[..., 0] = 1.0
    x = np.random.default_rng(1).normal(size=IMAGE).astype(np.float32)
    np.testing.assert_allclose(run(proto, grid)[0, :, 0, 0], 0.5 * x[0, :, 2, 6], rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mode": "lanczos"}, "sampler: mode lanczos, padding zeros"),
        ({"padding_mode": "wrap"}, "padding wrap"),
        ({"image": (2, 3, "h", 7)}, "sampler: x is not float32 of four known sizes"),
    ],
)
def test_what_can_t_be_written_so_is_named(changes: dict[str, Any], why: str) -> None:
    assert why in can_gather(model(**changes))


def test_a_default_is_bilinear_with_zeros() -> None:
    proto = model()
    assert can_gather(proto) == ""

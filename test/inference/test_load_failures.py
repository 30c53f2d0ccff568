"""What ONNX Runtime refuses, and the mend that is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.load_failures import explain_load_failure
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeBundle

CPU = ["CPUExecutionProvider"]


def model(node: Any, opset: int = 17, ir: int = 8, domains: tuple[str, ...] = ()) -> Any:
    info = helper.make_tensor_value_info
    weights = [numpy_helper.from_array(np.ones((1, 3, 8, 16), np.float32), "w")]
    ends = [info(name, TensorProto.FLOAT, [1, 3, 8, 16]) for name in ("x", "y")]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], weights)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir)


ADD = helper.make_node("Add", ["x", "w"], ["y"])
CUSTOM = helper.make_node("TopPool", ["x"], ["y"], domain="mmdeploy")
STRANGE = helper.make_node("Foo", ["x"], ["y"])


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (model(CUSTOM, domains=("mmdeploy",)), "uses the operator mmdeploy:TopPool, which is not"),
        (model(STRANGE), "uses the operator Foo, which is not one of ONNX"),
        (model(ADD, opset=99), "newer ONNX than ONNX Runtime .* knows: export it with opset_v"),
        (model(ADD, ir=99), "newer ONNX than ONNX Runtime .* knows"),
    ],
)
def test_the_reason_has_its_own_sentence(make_bundle: MakeBundle, proto: Any, said: str) -> None:
    with pytest.raises(EngineError, match=said) as caught:
        OnnxRuntimeEngine(make_bundle(model=proto.SerializeToString()), CPU)
    assert "\n" not in str(caught.value)


def test_weights_that_are_missing_cut_or_not_fetched(tmp_path: Path) -> None:
    import onnxruntime

    file, data = tmp_path / "model.onnx", tmp_path / "model.onnx.data"
    onnx.save(
        model(ADD), str(file), save_as_external_data=True, location=data.name, size_threshold=0
    )

    def said() -> str:
        with pytest.raises(Exception, match="xternal") as caught:
            onnxruntime.InferenceSession(str(file), providers=CPU)
        return explain_load_failure(file, "ONNX Runtime", caught.value)

    content = data.read_bytes()
    data.write_bytes(content[:100])
    assert "the file with its weights was cut" in said()
    data.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1536\n")
    assert f"{data}: expected the file itself, got its Git LFS pointer" in said()
    data.unlink()
    assert said() == (
        f"{file}: its weights should lie in model.onnx.data beside it: copy that file there, too"
    )

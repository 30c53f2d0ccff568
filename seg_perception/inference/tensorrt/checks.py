"""What can be said of an engine, and whether it was shown here and now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.device import find_device
from seg_perception.inference.reading import make_reader
from seg_perception.inference.tensorrt.builder_pipe import Tensor
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata
from seg_perception.inference.tensors import TensorSpec, make_packer

State = Literal["validated", "failed", "not validated"]
TENSORRT = "tensorrt/"


@dataclass(frozen=True)
class Check:
    """One statement about one engine.

    Attributes:
        entry: of the chain, or `bundle`.
        statement: what would be good to know.
        state: whether it was shown, here and now.
        detail: by what, or why not.
    """

    entry: str
    statement: str
    state: State
    detail: str


def exit_code(checks: Sequence[Check]) -> int:
    """0 where nothing failed and, on a machine with a device, a TensorRT engine is validated."""
    failed = any(check.state == "failed" for check in checks)
    labels = [c for c in checks if c.entry.startswith(TENSORRT) and "golden" in c.statement]
    validated = any(check.state == "validated" for check in labels)
    return 2 if failed or (find_device() and not validated) else 0


def expect_tensors(bundle: Bundle, metadata: EngineMetadata) -> None:
    """Compare the tensors that the builder found with the manifest.

    Raises:
        EngineError: a tensor is missing, or has another shape or type.
    """
    packed, read = make_packer(bundle.manifest.input).spec, make_reader(bundle.manifest).specs
    _expect("inputs", [packed], metadata.inputs)
    _expect("outputs", read, metadata.outputs)


def _expect(what: str, specs: Sequence[TensorSpec], tensors: Sequence[Tensor]) -> None:
    found = {tensor.name: tensor for tensor in tensors}
    if missing := [spec.name for spec in specs if spec.name not in found]:
        msg = f"the manifest names the {what} {missing}, the engine has {list(found)}"
        raise EngineError(msg)
    for spec in specs:
        spec.expect(found[spec.name].shape, found[spec.name].dtype)

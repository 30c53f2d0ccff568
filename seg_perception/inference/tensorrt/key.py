"""What an engine depends on: if any of it differs, it is another engine."""

from __future__ import annotations

import hashlib
import platform
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from seg_perception.config import TensorRtConfig
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.tensorrt.bindings import TensorRt
from seg_perception.inference.tensorrt.cuda import DeviceFacts
from seg_perception.inference.tensorrt.variants import ModelVariant

_NOBODY = "none"


class EngineKey(BaseModel):
    """Everything that TensorRT compiles into an engine.

    Attributes:
        model_sha256: of the ONNX file, of every file that may hold its weights, and of the pass
            that derives another precision, where one does.
        variant: sampling and precision, `plain` where the bundle does not tell.
        input_shape: of the one input; the other shapes follow from the model.
        gpu, compute_capability, driver, cuda: of the device; `none` for an engine that was
            built ahead of time, without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bundle: str
    model_sha256: str
    variant: str
    input_shape: tuple[int, ...]
    module: str
    module_version: str
    gpu: str
    compute_capability: str
    driver: str
    cuda: str
    machine: str
    workspace_mib: int
    optimization_level: int

    @property
    def digest(self) -> str:
        """A hash of everything, in hexadecimal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def stem(self) -> str:
        """Name of the engine's files in the cache: for people, and of the hash what tells apart."""
        name = self.bundle.replace(" ", "_").replace("/", "_")
        return f"{name}_{self.variant}_{self.digest[:16]}"

    @property
    def is_ahead_of_time(self) -> bool:
        """Whether it was built without a device."""
        return self.gpu == _NOBODY

    @classmethod
    def of(
        cls,
        bundle: Bundle,
        variant: ModelVariant,
        tensorrt: TensorRt,
        device: DeviceFacts | None,
        config: TensorRtConfig,
    ) -> EngineKey:
        """The key of an engine that would be built now."""
        network = bundle.manifest.input
        size = (network.height, network.width)
        return cls(
            bundle=f"{bundle.manifest.name} {bundle.manifest.version}",
            model_sha256=_model_sha256(bundle, variant),
            variant=variant.name,
            input_shape=(1, *size, 3) if network.layout == "NHWC" else (1, 3, *size),
            module=tensorrt.name,
            module_version=tensorrt.version,
            gpu=device.name if device else _NOBODY,
            compute_capability=device.compute_capability if device else _NOBODY,
            driver=device.driver if device else _NOBODY,
            cuda=device.runtime if device else _NOBODY,
            machine=platform.machine(),
            workspace_mib=config.workspace_mib,
            optimization_level=config.optimization_level,
        )


def _pass_sha256() -> str:
    """A hash of the pass that makes the islands, which is not imported for that."""
    source = files("seg_perception.inference.onnx") / "precision.py"
    return hashlib.sha256(source.read_bytes()).hexdigest()


def _model_sha256(bundle: Bundle, variant: ModelVariant) -> str:
    """A hash of the hashes that loading the bundle has checked.

    Which files hold external weights stands in the ONNX file alone, so every file counts
    that is not known to be something else.
    """
    manifest = bundle.manifest
    others = manifest.used_files() - {variant.file}
    hashes = {name: value for name, value in manifest.files.items() if name not in others}
    listed = "\n".join(f"{value} {name}" for name, value in sorted(hashes.items()))
    if variant.derived:
        listed += f"\n{_pass_sha256()} precision"
    return hashlib.sha256(listed.encode()).hexdigest()

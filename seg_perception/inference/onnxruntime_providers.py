"""What ONNX Runtime's NVIDIA providers are told: which device, and where engines are kept."""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.tensorrt.cache import EngineCache
from seg_perception.inference.tensorrt.cuda import DeviceFacts
from seg_perception.inference.tensorrt.cuda_library import open_cuda

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
TENSORRT_PROVIDER = "TensorrtExecutionProvider"
NVIDIA_PROVIDERS = (CUDA_PROVIDER, TENSORRT_PROVIDER, "NvTensorRTRTXExecutionProvider")
_TENSORRT_MAJORS = (11, 10, 8)

ProviderOptions = Mapping[str, Mapping[str, str]]


def prepare_device(config: TensorRtConfig) -> DeviceFacts | None:
    """Choose how threads wait for the device, before ONNX Runtime makes its context.

    Returns:
        About the device; None where CUDA can't be opened here: ONNX Runtime has its own way
        to it, and says itself what it lacks.
    """
    try:
        return open_cuda(config.device).facts
    except EngineError:
        return None


def preload_libraries(runtime: Any) -> None:
    """Load CUDA and cuDNN from pip's packages, where the loader does not look.

    ONNX Runtime prints what it does not find: there, since the output may be a document.
    """
    preload = getattr(runtime, "preload_dlls", None)
    if preload is not None:
        with redirect_stdout(sys.stderr):
            preload()


def provider_options(
    bundle: Bundle, config: TensorRtConfig, facts: DeviceFacts | None, version: str
) -> ProviderOptions:
    """Options by provider, as ONNX Runtime names and spells them.

    Args:
        bundle: the model.
        config: device and cache.
        facts: about the device.
        version: of ONNX Runtime.
    """
    device = {"device_id": str(config.device)}
    return {
        **dict.fromkeys(NVIDIA_PROVIDERS, device),
        TENSORRT_PROVIDER: device | _tensorrt_options(bundle, config, facts, version),
    }


def cache_folder(
    bundle: Bundle, config: TensorRtConfig, facts: DeviceFacts | None, version: str
) -> Path:
    """Where ONNX Runtime keeps the engines of a bundle.

    It looks at few of the things that an engine depends on, and asks its users to empty the
    folder when one of them changes: so each combination has a folder of its own.
    """
    about = {
        "bundle": str(bundle),
        "files": dict(bundle.manifest.files),
        "onnxruntime": version,
        "tensorrt": _tensorrt_version(),
        "device": asdict(facts) if facts else None,
        "optimization_level": config.optimization_level,
        "workspace_mib": config.workspace_mib,
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return EngineCache.at(config.cache).foreign_folder(f"onnxruntime_{digest[:16]}")


def _tensorrt_options(
    bundle: Bundle, config: TensorRtConfig, facts: DeviceFacts | None, version: str
) -> dict[str, str]:
    """fp32 and nothing else: variables of the environment could say otherwise."""
    folder = str(cache_folder(bundle, config, facts, version))
    options = {
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": folder,
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": folder,
        "trt_fp16_enable": "False",
        "trt_int8_enable": "False",
        "trt_builder_optimization_level": str(config.optimization_level),
    }
    if config.workspace_mib:
        options["trt_max_workspace_size"] = str(config.workspace_mib * 2**20)
    return options


def _tensorrt_version() -> int:
    """Of the library that ONNX Runtime will load; 0 where the loader finds none."""
    for major in _TENSORRT_MAJORS:
        with suppress(OSError, AttributeError):
            return int(ctypes.CDLL(f"libnvinfer.so.{major}").getInferLibVersion())
    return 0

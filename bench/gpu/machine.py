"""`python -m bench.gpu.machine`: what this machine is, as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.core.foreign_modules import import_foreign
from seg_perception.core.json_document import dump_json
from seg_perception.inference.benchmark.cases import device_facts, library_versions
from seg_perception.inference.benchmark.run import versions
from seg_perception.inference.tensorrt.cuda_library import open_cuda


def main() -> int:
    """Print it."""
    config = TensorRtConfig()
    facts = device_facts(config) or _without_tensorrt(config.device)
    document = {
        "device": asdict(facts) if facts else None,
        "versions": versions({**library_versions(config), "torch": _torch()}),
    }
    print(dump_json(document))
    return 0


def _without_tensorrt(device: int) -> object:
    try:
        return open_cuda(device).facts
    except EngineError:
        return None


def _torch() -> str:
    try:
        torch = import_foreign("torch")
    except ImportError as error:
        return f"none: {error}"
    return f"{torch.__version__}, CUDA {torch.version.cuda or 'none'}"


if __name__ == "__main__":
    sys.exit(main())

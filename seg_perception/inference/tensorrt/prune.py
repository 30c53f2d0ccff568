"""Which engines in a cache no program here can use any more."""

from __future__ import annotations

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference.tensorrt.cache import Entry
from seg_perception.inference.tensorrt_engine import Machine


def unusable(entry: Entry, config: TensorRtConfig) -> str:
    """Why an engine can't be used here; empty where it can, or where that can't be known."""
    if entry.problem or entry.metadata is None:
        return entry.problem
    if entry.metadata.live_failure:
        return f"wrong on a live frame: {entry.metadata.live_failure}"
    key = entry.metadata.key
    module = key.module if key.module in ("tensorrt", "tensorrt_rtx") else "auto"
    try:
        machine = Machine.open(config.model_copy(update={"module": module}), build_only=True)
    except EngineError:
        return ""  # without TensorRT or its device nobody can tell
    if machine.tensorrt.version != key.module_version:
        return f"built by {key.module} {key.module_version}, here is {machine.tensorrt.version}"
    facts = machine.facts
    if facts is None or key.is_ahead_of_time:
        return ""
    here = (facts.name, facts.compute_capability, facts.driver, facts.runtime)
    built = (key.gpu, key.compute_capability, key.driver, key.cuda)
    return f"built for {' '.join(built)}, here is {' '.join(here)}" if here != built else ""

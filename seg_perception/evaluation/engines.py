"""One engine a process: it is proven once, and used by every shard."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from seg_perception.config import Config, SegmentationConfig, TensorRtConfig
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import ValidatedEngine, create_engine
from seg_perception.inference.segmenter import Segmenter


def segmenter_of(config: Config) -> Segmenter:
    """The segmenter of a configuration; the engine stays loaded for the next one who asks.

    Raises:
        BundleError, EngineError: the model can't be loaded or proven.
    """
    settings = config.segmentation.model_dump_json(), config.tensorrt.model_dump_json()
    return Segmenter(_engine(*settings), config.segmentation)


def engine_name(segmenter: Segmenter) -> str:
    """The engine in one line, without what differs from run to run."""
    engine: Any = segmenter.engine
    return str(getattr(engine, "engine", engine).description)


@lru_cache(maxsize=1)
def _engine(segmentation: str, tensorrt: str) -> ValidatedEngine:
    config = SegmentationConfig.model_validate_json(segmentation)
    limits = TensorRtConfig.model_validate_json(tensorrt)
    return create_engine(Bundle.load(config.bundle), config, limits)

"""The metadata that lie beside each engine in the cache."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from seg_perception.inference.self_test import SelfTestResult
from seg_perception.inference.tensorrt.builder_pipe import Tensor
from seg_perception.inference.tensorrt.key import EngineKey


class SelfTest(BaseModel):
    """What the golden frames showed the last time.

    Attributes:
        at: UTC, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str
    passed: bool
    validated: bool
    agreement: float | None
    detail: str
    duration_s: float

    @classmethod
    def of(cls, result: SelfTestResult, at: str) -> SelfTest:
        """A result as it is kept."""
        return cls(
            at=at,
            passed=result.passed,
            validated=result.validated,
            agreement=result.agreement,
            detail=result.detail,
            duration_s=result.duration_s,
        )


class EngineMetadata(BaseModel):
    """Everything that is known about an engine.

    Attributes:
        key: what it was built of and for.
        plan_sha256, plan_bytes: of the engine's own file.
        built_at: UTC, ISO 8601.
        build_s: how long it took.
        self_test: None before the first one.
        live_failure: why it must not be loaded again: it was wrong on a live frame.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    key: EngineKey
    plan_sha256: str
    plan_bytes: int
    built_at: str
    build_s: float
    strongly_typed: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    self_test: SelfTest | None = None
    live_failure: str = ""

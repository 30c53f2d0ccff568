"""Peaks of devices, what was measured on them, and the shortest time that a network can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_path
from seg_perception.core.validation import load_model


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Device(_Part):
    """What a device can do at most in half precision."""

    about: str
    tflops: float = Field(gt=0, description="dense, no sparsity")
    gbytes_per_s: float = Field(gt=0)
    bytes_per_value: int = Field(default=2, ge=1)
    source: str


class Measured(_Part):
    """A latency that somebody measured."""

    network: str
    size: tuple[int, int] = Field(description="width, height")
    device: str
    ms: float = Field(gt=0)
    how: str
    source: str


class DeviceFile(_Part):
    """What `config/devices.yaml` holds."""

    devices: dict[str, Device]
    measured: tuple[Measured, ...] = ()

    @classmethod
    def load(cls, path: Path | None = None) -> DeviceFile:
        """Read the shipped file, or another one of that layout.

        Raises:
            ConfigError: no such file, or the first thing in it that is wrong.
        """
        shipped = config_path("devices.yaml")
        return load_model(cls, path or shipped, f"a file such as {shipped}", ConfigError)


@dataclass(frozen=True)
class Operator:
    """One matrix product, convolution, attention or sampling.

    Attributes:
        flops: floating-point operations, two for a multiplication with addition.
        values: numbers that it reads and writes, weights included.
    """

    flops: int
    values: int


def roofline_ms(operators: Sequence[Operator], device: Device) -> float:
    """The shortest time that a device needs, everything else fused away.

    Williams et al., "Roofline", Communications of the ACM 2009: each operator takes as
    long as its arithmetic at the peak, or as its memory traffic at the bandwidth,
    whichever is longer. Real engines need several times as long.
    """
    seconds = 0.0
    for operator in operators:
        arithmetic = operator.flops / (device.tflops * 1e12)
        traffic = operator.values * device.bytes_per_value / (device.gbytes_per_s * 1e9)
        seconds += max(arithmetic, traffic)
    return seconds * 1e3

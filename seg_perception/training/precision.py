"""Mixed precision: which numbers a network computes with in training."""

from __future__ import annotations

import torch

from seg_perception.core.errors import TrainingError
from seg_perception.training.config import Precision

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class MixedPrecision:
    """Autocast, and for fp16 a gradient scaler.

    Args:
        precision: of matrix products and convolutions.
        device: where it is computed.

    Raises:
        TrainingError: fp16 on a CPU.
    """

    def __init__(self, precision: Precision, device: torch.device) -> None:
        """Choose once."""
        if precision == "fp16" and device.type != "cuda":
            msg = f"precision fp16 needs a GPU, got {device.type}: use fp32 or bf16 here"
            raise TrainingError(msg)
        self._device, self._precision = device, precision
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")

    def autocast(self) -> torch.autocast:
        """For the forward pass."""
        kind = _TYPES.get(self._precision, torch.bfloat16)
        return torch.autocast(self._device.type, kind, enabled=self._precision != "fp32")

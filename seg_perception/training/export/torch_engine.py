"""A checkpoint run by torch, as a baseline for the engines that were made from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.reading import Segmentation
from seg_perception.inference.tensors import expect_image
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.export.bundle import load_network
from seg_perception.training.export.serving import ServingGraph


class TorchEngine:
    """The serving graph of a checkpoint, in float32.

    Attributes:
        bundle: whose size, classes and golden frames it has.
        description: runtime, device and checkpoint in one line.
    """

    def __init__(self, bundle: Bundle, checkpoint: Path, device: str) -> None:
        """Load the averaged weights.

        Args:
            bundle: made from this checkpoint.
            checkpoint: `best.pt` or `last.pt` of a run.
            device: torch's name of it, `cpu` or `cuda:0`.

        Raises:
            TrainingError: not a checkpoint.
            EngineError: torch can't use the device.
        """
        self.bundle = bundle
        size = (bundle.width, bundle.height)
        network = load_network(Checkpoint.load(checkpoint), bundle.ontology, checkpoint, size)
        self._device = device
        try:
            self._graph = ServingGraph(network).to(device)
        except (RuntimeError, AssertionError) as error:
            msg = f"torch {torch.__version__} can't use {device} ({error})"
            raise EngineError(msg) from error
        self.description = f"torch {torch.__version__}, {device}, fp32: {checkpoint}"

    @torch.no_grad()
    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """Segment one image.

        Args:
            image: uint8 (H, W, 3), RGB at the network's size.

        Returns:
            Labels and confidence, uint8 (H, W) each.

        Raises:
            EngineError: another size, or torch failed.
        """
        expect_image(image, self.bundle.height, self.bundle.width)
        try:
            answer = self._graph(torch.from_numpy(image)[None].to(self._device))
        except RuntimeError as error:
            msg = f"torch failed on {self.bundle}: {error}"
            raise EngineError(msg) from error
        labels, confidence = (part[0].cpu().numpy() for part in answer[:2])
        return Segmentation(labels, confidence)

    def close(self) -> None:
        """Give the device's memory back."""
        del self._graph
        if self._device != "cpu":
            torch.cuda.empty_cache()

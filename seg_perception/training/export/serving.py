"""The graph that is served: bytes in, one label and one confidence byte a pixel out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seg_perception.training.export.heads import HEADS, Head, confidence
from seg_perception.training.models.network import SegmentationNetwork
from seg_perception.training.models.normalisation import normalise


class ServingGraph(nn.Module):
    """A network between normalisation and arg-max.

    Args:
        network: any segmentation network.
        head: how its output becomes labels.
    """

    def __init__(self, network: SegmentationNetwork, head: Head = "exact") -> None:
        """Wrap the network and switch all of it to evaluation.

        An export restores the wrapper's mode in every part, so the wrapper itself must be
        in evaluation too.
        """
        super().__init__()
        self.network = network
        self.head = head
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Label an image.

        Args:
            image: uint8 (1, H, W, 3) RGB.

        Returns:
            Labels and confidence, both uint8 (1, H, W), then the logits that they are
            made of, for comparisons.
        """
        size = (int(image.shape[1]), int(image.shape[2]))
        output = self.network(normalise(image))
        labels = HEADS[self.head](output, size).to(torch.uint8)
        sure = (confidence(output, size) * 255).round().to(torch.uint8)
        return (labels, sure, *output.logits())

"""The graph that is served: bytes in, one label and one confidence byte a pixel out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from seg_perception.training.models.network import NetworkOutput, SegmentationNetwork, normalise

Head = Literal["exact", "late", "quarter"]
Size = tuple[int, int]
# The last byte means unknown.
_MOST_BYTE_CLASSES = 255


def exact(output: NetworkOutput, size: Size) -> Tensor:
    """Int64 (B, H, W): masks or scores are enlarged, then the largest class sum is taken."""
    if output.scores is not None:
        return _enlarge(output.scores, size).argmax(dim=1)
    return output.layers[-1].semantic_scores(size).argmax(dim=1)


def late(output: NetworkOutput, size: Size) -> Tensor:
    """Int64 (B, H, W): class sums at the network's own size are enlarged.

    For a per-pixel network the same as `exact`; for masks an approximation, since the
    sigmoid of a mean is not the mean of sigmoids.
    """
    return _enlarge(output.semantic_scores(), size).argmax(dim=1)


def quarter(output: NetworkOutput, size: Size) -> Tensor:
    """Int64 (B, H, W): labels at the network's own size, each repeated."""
    labels = output.semantic_scores().argmax(dim=1, keepdim=True)
    return interpolate(labels.float(), size, mode="nearest")[:, 0].long()


def confidence(output: NetworkOutput, size: Size) -> Tensor:
    """Float (B, H, W), 0 to 1: the winner's share, found at the network's own size.

    At 512x288 with 18 classes that takes a quarter of the time of a share of every pixel.
    """
    return _enlarge(output.probabilities().amax(dim=1, keepdim=True), size)[:, 0]


HEADS: dict[Head, Callable[[NetworkOutput, Size], Tensor]] = {
    "exact": exact,
    "late": late,
    "quarter": quarter,
}


def _label_type(output: NetworkOutput) -> torch.dtype:
    """TensorRT has no 16-bit integers; whoever reads the labels makes 16 bits of 32."""
    return torch.uint8 if output.class_count <= _MOST_BYTE_CLASSES else torch.int32


def _enlarge(maps: Tensor, size: Size) -> Tensor:
    return interpolate(maps, size, mode="bilinear", align_corners=False)


class ServingGraph(nn.Module):
    """A network between normalisation and arg-max.

    Args:
        network: any segmentation network.
        head: how its output becomes labels.
        normalisation: from bytes to what the network was trained on.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        head: Head = "exact",
        normalisation: Callable[[Tensor], Tensor] = normalise,
    ) -> None:
        """Wrap the network and switch all of it to evaluation.

        An export restores the wrapper's mode in every part, so the wrapper itself must be
        in evaluation too.
        """
        super().__init__()
        self.network = network
        self.head = head
        self.normalisation = normalisation
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Label an image.

        Args:
            image: uint8 (1, H, W, 3) RGB.

        Returns:
            Labels, uint8 (int32 above 255 classes), and confidence, uint8, both (1, H, W);
            then the logits that they are made of, for comparisons.
        """
        size = (int(image.shape[1]), int(image.shape[2]))
        output = self.network(self.normalisation(image))
        labels = HEADS[self.head](output, size).to(_label_type(output))
        sure = (confidence(output, size) * 255).round().to(torch.uint8)
        return (labels, sure, *output.logits())

"""From an image at the network's size to the network's input tensor."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.manifest import NetworkInput
from seg_perception.inference.tensors import TensorSpec


class Packer(Protocol):
    """Makes the input tensor."""

    @property
    def spec(self) -> TensorSpec:
        """What `pack` returns."""
        ...

    def pack(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """Turn uint8 (H, W, 3) RGB into the input tensor with batch 1."""
        ...


class BytePacker:
    """Hands the pixels over as they are; normalisation is in the graph."""

    def __init__(self, network: NetworkInput) -> None:
        """Remember the layout."""
        self.spec = TensorSpec(network.name, _shape(network), ("uint8",))
        self._order = slice(None, None, -1 if network.channels == "bgr" else 1)
        self._planes = network.layout == "NCHW"

    def pack(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """uint8 [1, H, W, 3], or [1, 3, H, W]."""
        pixels = image[..., self._order]
        return np.ascontiguousarray(pixels.transpose(2, 0, 1) if self._planes else pixels)[None]


class FloatPacker:
    """Normalises on the host: `(pixel * scale - mean) / std`."""

    def __init__(self, network: NetworkInput) -> None:
        """Fold scale, mean and std into one factor and one offset a channel."""
        self.spec = TensorSpec(network.name, _shape(network), ("float32",))
        self._gain = np.divide(network.scale, network.std).astype(np.float32)
        self._offset = np.divide(network.mean, network.std).astype(np.float32)
        self._order = (2, 1, 0) if network.channels == "bgr" else (0, 1, 2)
        self._planes = network.layout == "NCHW"

    def pack(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """float32 [1, 3, H, W], or [1, H, W, 3]."""
        planes = np.empty((3, *image.shape[:2]), np.float32)
        for plane, channel, gain, offset in zip(
            planes, self._order, self._gain, self._offset, strict=True
        ):
            np.multiply(image[..., channel], gain, out=plane)
            np.subtract(plane, offset, out=plane)
        return (
            planes[None] if self._planes else np.ascontiguousarray(planes.transpose(1, 2, 0))[None]
        )


def make_packer(network: NetworkInput) -> Packer:
    """Choose the packer of a manifest's input."""
    return BytePacker(network) if network.dtype == "uint8" else FloatPacker(network)


def _shape(network: NetworkInput) -> tuple[int, ...]:
    if network.layout == "NCHW":
        return (1, 3, network.height, network.width)
    return (1, network.height, network.width, 3)

"""A network's tensors: what the manifest promises of them, and how an image becomes the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError
from seg_perception.inference.manifest import NetworkInput


def expect_image(image: NDArray[Any], height: int, width: int) -> None:
    """Compare an image with the network's size.

    Raises:
        EngineError: not uint8 (height, width, 3).
    """
    expected = (height, width, 3)
    if image.dtype != np.uint8 or image.shape != expected:
        msg = (
            f"image: expected uint8 {expected}, got {image.dtype} {image.shape}; "
            "let a Segmenter stretch it"
        )
        raise EngineError(msg)


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape and type that the manifest promises.

    Attributes:
        name: the tensor's name in the graph.
        shape: an entry None may have any size; None allows any shape.
        dtypes: numpy names of the types that will do.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtypes: tuple[str, ...]

    def expect(self, shape: Sequence[Any], dtype: str) -> None:
        """Compare with what a graph declares or a run returned.

        Args:
            shape: sizes; anything but an int is a size that the graph leaves open.
            dtype: numpy name.

        Raises:
            EngineError: another shape or type.
        """
        if dtype not in self.dtypes or not self._fits(shape):
            wanted = (
                "any shape" if self.shape is None else str(list(self.shape)).replace("None", "any")
            )
            msg = (
                f"tensor {self.name!r}: the manifest promises {' or '.join(self.dtypes)} {wanted}, "
                f"the model has {dtype} {list(shape)}; correct the manifest's input or output"
            )
            raise EngineError(msg)

    def expect_array(self, array: NDArray[Any]) -> None:
        """Compare shape and dtype with those of what a run returned.

        Raises:
            EngineError: another shape or type.
        """
        self.expect(array.shape, array.dtype.name)

    def _fits(self, shape: Sequence[Any]) -> bool:
        fixed = [size if isinstance(size, int) else None for size in shape]
        if 0 in fixed:
            return False
        if self.shape is None:
            return True
        return len(fixed) == len(self.shape) and all(
            wanted is None or got is None or got == wanted
            for wanted, got in zip(self.shape, fixed, strict=True)
        )


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
    """Normalises on the host: `(pixel * scale - mean) / std`, rounded to 16 bits at the end."""

    def __init__(self, network: NetworkInput) -> None:
        """Fold scale, mean and std into one factor and one offset a channel."""
        self.spec = TensorSpec(network.name, _shape(network), (network.dtype,))
        self._gain = np.divide(network.scale, network.std).astype(np.float32)
        self._offset = np.divide(network.mean, network.std).astype(np.float32)
        self._order = (2, 1, 0) if network.channels == "bgr" else (0, 1, 2)
        self._planes = network.layout == "NCHW"

    def pack(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """float32 or float16 [1, 3, H, W], or [1, H, W, 3]."""
        planes = np.empty((3, *image.shape[:2]), np.float32)
        for plane, channel, gain, offset in zip(
            planes, self._order, self._gain, self._offset, strict=True
        ):
            np.multiply(image[..., channel], gain, out=plane)
            np.subtract(plane, offset, out=plane)
        pixels = planes if self._planes else np.ascontiguousarray(planes.transpose(1, 2, 0))
        return pixels[None].astype(self.spec.dtypes[0], copy=False)


def make_packer(network: NetworkInput) -> Packer:
    """Choose the packer of a manifest's input."""
    return BytePacker(network) if network.dtype == "uint8" else FloatPacker(network)


def _shape(network: NetworkInput) -> tuple[int, ...]:
    if network.layout == "NCHW":
        return (1, 3, network.height, network.width)
    return (1, network.height, network.width, 3)

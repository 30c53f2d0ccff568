"""What a tensor of a network is expected to be, at load and at every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EngineError


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
        """Compare with what a run returned.

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

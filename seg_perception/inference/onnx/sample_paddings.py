"""What a pixel outside a picture is, as GridSample's padding says."""

from __future__ import annotations

from onnx import TensorProto

from seg_perception.inference.onnx.node_writer import NodeWriter
from seg_perception.inference.onnx.sample_modes import Tap


class Zeros:
    """Nothing: a pixel outside has no share."""

    def __init__(self, write: NodeWriter, *, aligned: bool) -> None:
        """Take what writes nodes."""
        del aligned
        self._write = write

    def inside(self, pixel: str, share: str, size: int) -> Tap:
        """A pixel that exists, and its share: none of one that does not."""
        write = self._write
        clipped = _clip(write, pixel, size)
        same = write.add("Cast", [write.add("Equal", [clipped, pixel])], to=TensorProto.FLOAT)
        return clipped, write.add("Mul", [share, same])


class Border:
    """The pixel at the border."""

    def __init__(self, write: NodeWriter, *, aligned: bool) -> None:
        """Take what writes nodes."""
        del aligned
        self._write = write

    def inside(self, pixel: str, share: str, size: int) -> Tap:
        """The nearest pixel that exists."""
        return _clip(self._write, pixel, size), share


class Reflection:
    """The picture mirrored at its border, again and again.

    Args:
        write: writes nodes.
        aligned: whether it is mirrored at the centres of its outer pixels, else at their edges.
    """

    def __init__(self, write: NodeWriter, *, aligned: bool) -> None:
        """Take where the mirror stands."""
        self._write = write
        self._mirror = 0.0 if aligned else -0.5

    def inside(self, pixel: str, share: str, size: int) -> Tap:
        """The pixel that is seen in the mirror; of a single one, that one."""
        write = self._write
        turn = 2 * (size - 1 - 2 * self._mirror)
        if not turn:
            return _clip(write, pixel, size), share
        away = write.add("Abs", [write.add("Sub", [pixel, write.constant(self._mirror)])])
        turns = write.add("Floor", [write.add("Mul", [away, write.constant(1 / turn)])])
        whole = write.add("Mul", [turns, write.constant(turn)])
        left = write.add("Sub", [away, whole])
        back = write.add("Sub", [write.constant(turn), left])
        nearer = write.add("Min", [left, back])
        seen = write.add("Add", [nearer, write.constant(self._mirror)])
        # Rounded, since a product with 1 / turn is off by the last bit.
        return _clip(write, write.add("Round", [seen]), size), share


def _clip(write: NodeWriter, value: str, size: int) -> str:
    return write.add("Clip", [value, write.constant(0.0), write.constant(float(size - 1))])

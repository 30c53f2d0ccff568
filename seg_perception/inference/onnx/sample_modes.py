"""Which pixels a place is made of, as GridSample's mode says."""

from __future__ import annotations

from seg_perception.inference.onnx.node_writer import NodeWriter

# Names of tensors [N, 1, points]: the number of a pixel, which may lie outside, and its share.
Tap = tuple[str, str]
# Of Keys' kernel, as ONNX, torch and OpenCV have it.
_SHARPNESS = -0.75


class Nearest:
    """The one pixel whose centre is nearest."""

    def __init__(self, write: NodeWriter) -> None:
        """Take what writes nodes."""
        self._write = write

    def neighbours(self, places: str) -> list[Tap]:
        """Halves go to the even number, as the operator has it."""
        return [(self._write.add("Round", [places]), self._write.constant(1.0))]


class Linear:
    """The pixels before and after a place, by their distance."""

    def __init__(self, write: NodeWriter) -> None:
        """Take what writes nodes."""
        self._write = write

    def neighbours(self, places: str) -> list[Tap]:
        """Two."""
        write = self._write
        before = write.add("Floor", [places])
        after = write.add("Add", [before, write.constant(1.0)])
        share = write.add("Sub", [places, before])
        return [(before, write.add("Sub", [write.constant(1.0), share])), (after, share)]


class Cubic:
    """Two pixels before and two after a place, by Keys' kernel."""

    def __init__(self, write: NodeWriter) -> None:
        """Take what writes nodes."""
        self._write = write

    def neighbours(self, places: str) -> list[Tap]:
        """Four, of distances 1 + t, t, 1 - t and 2 - t."""
        write = self._write
        before = write.add("Floor", [places])
        t = write.add("Sub", [places, before])
        rest = write.add("Sub", [write.constant(1.0), t])
        a = _SHARPNESS
        near, far = (a + 2, -(a + 3), 0.0, 1.0), (a, -5 * a, 8 * a, -4 * a)
        return [
            (self._step(before, -1.0), self._polynomial(self._step(t, 1.0), far)),
            (before, self._polynomial(t, near)),
            (self._step(before, 1.0), self._polynomial(rest, near)),
            (self._step(before, 2.0), self._polynomial(self._step(rest, 1.0), far)),
        ]

    def _step(self, value: str, length: float) -> str:
        return self._write.add("Add", [value, self._write.constant(length)])

    def _polynomial(self, x: str, factors: tuple[float, ...]) -> str:
        """The highest power's factor first."""
        write = self._write
        value = write.add("Mul", [x, write.constant(factors[0])])
        for factor in factors[1:-1]:
            value = write.add("Mul", [self._step(value, factor), x])
        return self._step(value, factors[-1])

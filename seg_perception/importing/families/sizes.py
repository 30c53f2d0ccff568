"""Which sizes a network takes."""

from __future__ import annotations

from seg_perception.core.errors import ImportModelError


def expect_multiple(size: tuple[int, int], stride: int, architecture: str) -> None:
    """Refuse sizes that the network rounds inside.

    Raises:
        ImportModelError: width or height is no multiple of the stride.
    """
    if size[0] % stride or size[1] % stride:
        near = "x".join(str(max(1, round(n / stride)) * stride) for n in size)
        msg = (
            f"--size {size[0]}x{size[1]}: {architecture} needs multiples of {stride}; "
            f"the nearest is {near}"
        )
        raise ImportModelError(msg)


def expect_square(size: tuple[int, int], stride: int, architecture: str) -> None:
    """Refuse a width that is not the height.

    Raises:
        ImportModelError: it is not.
    """
    if size[0] != size[1]:
        side = max(1, round((size[0] * size[1]) ** 0.5 / stride)) * stride
        msg = (
            f"--size {size[0]}x{size[1]}: {architecture} takes square pictures alone, of a "
            f"multiple of {stride}; the nearest is {side}x{side}"
        )
        raise ImportModelError(msg)

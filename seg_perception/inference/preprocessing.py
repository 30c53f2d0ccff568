"""How an image becomes a picture of the network's size, and the answer a map of the image."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seg_perception.inference.resize_filters import Filter, resize

Size = tuple[int, int]
Channel = Annotated[int, Field(ge=0, le=255)]


class Resize(BaseModel):
    """How a model's authors bring an image to the network's size.

    Attributes:
        mode: `stretch` the whole image; `fit` it in with its proportions kept and the rest
            padded; or `crop` the middle of it, so that the network's size is filled.
        filter: how pixels are made of pixels.
        padding: RGB colour of what `fit` leaves free, 0 to 255.
        place: where `fit` puts the image: in the middle, or at the left and upper edges.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mode: Literal["stretch", "fit", "crop"] = "stretch"
    filter: Filter = "linear"
    padding: tuple[Channel, Channel, Channel] = (0, 0, 0)
    place: Literal["middle", "corner"] = "middle"


class Preprocessing(Protocol):
    """Brings images to the network's size, and its answers back to the image's proportions.

    Attributes:
        shows_all: the picture is the whole image and nothing else.
    """

    shows_all: ClassVar[bool]

    def scaled(self, image: Size) -> Size:
        """Width and height of the whole image at the network's scale, of those of the image."""
        ...

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The network's picture, uint8 (h, w, 3), of an image, uint8 (H, W, 3) RGB."""
        ...

    def restore(self, values: NDArray[Any], image: Size, unknown: int) -> NDArray[Any]:
        """A map of the whole image, scaled, of what the network says of its picture.

        Args:
            values: (h, w), of the network's picture.
            image: width, height of the image.
            unknown: where the network did not see the image.
        """
        ...


class Stretch:
    """The whole image, its proportions given up."""

    shows_all: ClassVar[bool] = True

    def __init__(self, size: Size, settings: Resize) -> None:
        """Take the network's width and height."""
        self._size = size
        self._filter = settings.filter

    def scaled(self, image: Size) -> Size:
        """The network's size."""
        del image
        return self._size

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Stretched to (h, w, 3)."""
        return resize(image, self._size, self._filter)

    def restore(self, values: NDArray[Any], image: Size, unknown: int) -> NDArray[Any]:
        """Every pixel is one of the image's, as it is."""
        del image, unknown
        return values


class Fit:
    """The whole image with its proportions, and padding beside it."""

    shows_all: ClassVar[bool] = False

    def __init__(self, size: Size, settings: Resize) -> None:
        """Take the network's width and height."""
        self._size = size
        self._settings = settings

    def scaled(self, image: Size) -> Size:
        """The largest size with the image's proportions."""
        return _scaled(image, min(_factors(image, self._size)))

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Scaled into (h, w, 3), the rest in the colour of the padding."""
        scaled = self.scaled((image.shape[1], image.shape[0]))
        return pad(resize(image, scaled, self._settings.filter), self._size, self._settings)[0]

    def restore(self, values: NDArray[Any], image: Size, unknown: int) -> NDArray[Any]:
        """The part without the padding."""
        del unknown
        width, height = self.scaled(image)
        left, top = _place((width, height), self._size, self._settings)
        return np.ascontiguousarray(values[top : top + height, left : left + width])


class Crop:
    """The middle of the image with its proportions; the edges are not seen."""

    shows_all: ClassVar[bool] = False

    def __init__(self, size: Size, settings: Resize) -> None:
        """Take the network's width and height."""
        self._size = size
        self._filter = settings.filter

    def scaled(self, image: Size) -> Size:
        """The smallest size with the image's proportions that fills the network's."""
        return _scaled(image, max(_factors(image, self._size)))

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Scaled, and cut to (h, w, 3)."""
        scaled = self.scaled((image.shape[1], image.shape[0]))
        rows, columns = self._seen(scaled)
        return np.ascontiguousarray(resize(image, scaled, self._filter)[rows, columns])

    def restore(self, values: NDArray[Any], image: Size, unknown: int) -> NDArray[Any]:
        """The whole image at the same scale, unknown where it was cut off."""
        scaled = self.scaled(image)
        whole = np.full(scaled[::-1], unknown, values.dtype)
        rows, columns = self._seen(scaled)
        whole[rows, columns] = values
        return whole

    def _seen(self, scaled: Size) -> tuple[slice, slice]:
        left, top = ((have - used) // 2 for have, used in zip(scaled, self._size, strict=True))
        return slice(top, top + self._size[1]), slice(left, left + self._size[0])


def make_preprocessing(size: Size, settings: Resize) -> Preprocessing:
    """Choose what a manifest names.

    Args:
        size: width, height of the network.
        settings: of the manifest's input.
    """
    kinds: dict[str, type[Stretch | Fit | Crop]] = {"stretch": Stretch, "fit": Fit, "crop": Crop}
    return kinds[settings.mode](size, settings)


def pad(
    image: NDArray[np.uint8], size: Size, settings: Resize
) -> tuple[NDArray[np.uint8], int, int]:
    """An image in a picture that has at least a size; where it is larger, it stays.

    Args:
        image: uint8 (H, W, 3).
        size: width, height.
        settings: colour and place.

    Returns:
        The picture, and the image's left and upper edge in it.
    """
    height, width = image.shape[:2]
    if width >= size[0] and height >= size[1]:
        return image, 0, 0
    left, top = _place((width, height), size, settings)
    picture = np.empty((max(height, size[1]), max(width, size[0]), 3), np.uint8)
    picture[:] = settings.padding
    picture[top : top + height, left : left + width] = image
    return picture, left, top


def _place(scaled: Size, size: Size, settings: Resize) -> tuple[int, int]:
    if settings.place == "corner":
        return 0, 0
    return max(0, size[0] - scaled[0]) // 2, max(0, size[1] - scaled[1]) // 2


def _scaled(image: Size, factor: float) -> Size:
    """Width and height of a scaled image, at least a pixel."""
    return max(1, round(image[0] * factor)), max(1, round(image[1] * factor))


def _factors(image: Size, network: Size) -> tuple[float, float]:
    return network[0] / image[0], network[1] / image[1]

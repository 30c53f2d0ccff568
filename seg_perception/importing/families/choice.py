"""Which family a network belongs to."""

from __future__ import annotations

from typing import Protocol

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.families.per_pixel import PerPixel
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.training.models.network import SegmentationNetwork


class Family(Protocol):
    """Loads networks that answer in one way."""

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> SegmentationNetwork:
        """The network with its weights for pictures of a width and height, in evaluation mode.

        Raises:
            ImportModelError: the weights do not fit, or the size does not.
        """
        ...


FAMILIES: dict[str, Family] = {
    "SegformerForSemanticSegmentation": PerPixel(),
}
# Networks that can't become an engine, and why.
REFUSED: dict[str, str] = {}


def choose_family(architecture: str) -> Family:
    """The family of a class of `transformers`.

    Raises:
        ImportModelError: it is refused, or not known.
    """
    if reason := REFUSED.get(architecture):
        msg = f"{architecture}: {reason}; take one of {', '.join(FAMILIES)}"
        raise ImportModelError(msg)
    if architecture not in FAMILIES:
        msg = (
            f"{architecture} is none of the architectures that can be imported, "
            f"{', '.join(FAMILIES)}: export it as ONNX yourself and import that file"
        )
        raise ImportModelError(msg)
    return FAMILIES[architecture]

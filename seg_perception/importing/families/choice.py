"""Which family a network belongs to."""

from __future__ import annotations

from typing import Protocol

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.families.eomt import Eomt
from seg_perception.importing.families.mask_queries import Mask2Former, MaskFormer
from seg_perception.importing.families.per_pixel import PerPixel
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.training.models.network import SegmentationNetwork


class Family(Protocol):
    """Loads networks that answer in one way."""

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> SegmentationNetwork:
        """The network with its weights for pictures of a width and height, as it is exported.

        Raises:
            ImportModelError: the weights do not fit, or the size does not.
        """
        ...

    def published(self, folder: ModelFolder) -> SegmentationNetwork:
        """The network as its authors run it, to compare with."""
        ...

    def is_published_size(self, folder: ModelFolder, size: tuple[int, int]) -> bool:
        """Whether the authors' network takes pictures of that width and height, too."""
        ...


FAMILIES: dict[str, Family] = {
    "SegformerForSemanticSegmentation": PerPixel(),
    "UperNetForSemanticSegmentation": PerPixel(),
    "BeitForSemanticSegmentation": PerPixel(),
    "Data2VecVisionForSemanticSegmentation": PerPixel(),
    "DPTForSemanticSegmentation": PerPixel(square=True),
    "MobileNetV2ForSemanticSegmentation": PerPixel(),
    "MobileViTForSemanticSegmentation": PerPixel(),
    "MaskFormerForInstanceSegmentation": MaskFormer(),
    "Mask2FormerForUniversalSegmentation": Mask2Former(),
    "EomtForUniversalSegmentation": Eomt(),
    "EomtDinov3ForUniversalSegmentation": Eomt(),
}
_OBJECTS = "it finds objects and leaves the ground between them without a label"
# Networks that can't become an engine, and why.
REFUSED: dict[str, str] = {
    "OneFormerForUniversalSegmentation": (
        "its graph has NonZero, whose result has another length for every image: TensorRT "
        "builds no engine of it"
    ),
    "MobileViTV2ForSemanticSegmentation": (
        "its graph has col2im, which ONNX lacks before opset 18 and TensorRT altogether"
    ),
    "DetrForSegmentation": _OBJECTS,
    "ConditionalDetrForSegmentation": _OBJECTS,
    "SamModel": "it cuts out what it is pointed at, and has no classes",
    "Sam2Model": "it cuts out what it is pointed at, and has no classes",
    "Sam3Model": "it cuts out what it is asked for in words, and has no classes of its own",
    "CLIPSegForImageSegmentation": "its classes are words that are given with each image",
}


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

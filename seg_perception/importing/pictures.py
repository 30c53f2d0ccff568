"""What a model's authors do to an image before the network sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import transformers

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.inference.preprocessing import Resize
from seg_perception.inference.resize_filters import Filter
from seg_perception.training.models.network import Normalisation

Triple = tuple[float, float, float]

# Pillow's numbers; its filters widen where an image shrinks, OpenCV's do not.
_FILTERS: dict[int, Filter] = {2: "antialias", 3: "bicubic", 4: "area"}
_BLACK = (0, 0, 0)


@dataclass(frozen=True)
class Pictures:
    """The network's pictures.

    Attributes:
        resize: how an image gets the network's size.
        mean, std: in units of a byte, in the order of the network's channels.
        reversed_channels: whether these are blue, green, red.
        size: width, height of the authors' pictures; None where they vary with the image.
        differs: what the authors do that one picture of one size can't, a sentence each.
    """

    resize: Resize
    mean: Triple
    std: Triple
    reversed_channels: bool = False
    size: tuple[int, int] | None = None
    differs: tuple[str, ...] = ()

    def normalisation(self) -> Normalisation:
        """The same inside a graph."""
        return Normalisation(self.mean, self.std, reversed_channels=self.reversed_channels)

    @classmethod
    def of_processor(cls, processor: Mapping[str, Any]) -> Pictures:
        """Read what a processor of `transformers` says of itself; what it leaves out is not done.

        `(pixel * rescale_factor - mean) / std` is `(pixel - mean / f) / (std / f)`.

        Raises:
            ImportModelError: it names a filter, a mean or a deviation that can't be used.
        """
        factor = float(processor["rescale_factor"]) if processor.get("do_rescale") else 1.0
        normalised = processor.get("do_normalize")
        mean = _triple(processor, "image_mean") if normalised else (0.0, 0.0, 0.0)
        std = _triple(processor, "image_std") if normalised else (1.0, 1.0, 1.0)
        mean = (mean[0] / factor, mean[1] / factor, mean[2] / factor)
        resize, differs = _resize(processor, mean)
        return cls(
            resize,
            mean,
            (std[0] / factor, std[1] / factor, std[2] / factor),
            bool(processor.get("do_flip_channel_order")),
            _size(processor),
            differs,
        )


def load_processor(folder: ModelFolder) -> Any:
    """The authors' processor, what its file leaves out as its class has it.

    Raises:
        ImportModelError: there is none, or `transformers` does not know it.
    """
    if not folder.has_processor:
        msg = (
            f"{folder.path}: no preprocessor_config.json, so that nobody knows which pixels its "
            "network was trained on: copy it beside the weights"
        )
        raise ImportModelError(msg)
    try:
        return transformers.AutoImageProcessor.from_pretrained(
            folder.path, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        msg = (
            f"{folder.path}/preprocessor_config.json: transformers can't make a processor of it "
            f"({reason}); download it again"
        )
        raise ImportModelError(msg) from error


def _resize(processor: Mapping[str, Any], mean: Triple) -> tuple[Resize, tuple[str, ...]]:
    """How an image gets the network's size, and what the authors do beyond it."""
    name = _filter(processor)
    size = processor.get("size") or {}
    if processor.get("do_split_image"):
        said = (
            "the authors cut each image into overlapping squares of "
            f"{size.get('shortest_edge')} pixels and put their answers together; this bundle "
            "sees the whole image at once, so that all things are smaller in it"
        )
        return Resize(mode="fit", filter=name, place="corner"), (said,)
    if processor.get("do_center_crop"):
        said = (
            "the authors cut the middle out of a scaled image; this bundle takes the largest "
            "middle of its proportions, and what lies outside gets no label"
        )
        return Resize(mode="crop", filter=name), (said,)
    if not processor.get("do_resize") or not _keeps_proportions(processor, size):
        return Resize(mode="stretch", filter=name), ()
    said = (
        "the authors keep an image's proportions, and with them the network's size varies; this "
        "bundle has one size, and pads what an image of other proportions leaves free"
    )
    padding = _BLACK if processor.get("do_pad") else _grey(processor, mean)
    return Resize(mode="fit", filter=name, place="corner", padding=padding), (said,)


def _size(processor: Mapping[str, Any]) -> tuple[int, int] | None:
    size = processor["crop_size" if processor.get("do_center_crop") else "size"] or {}
    if size.get("height") and size.get("width") and not processor.get("keep_aspect_ratio"):
        return int(size["width"]), int(size["height"])
    squares = processor.get("do_split_image") or processor.get("do_pad")
    side = size.get("shortest_edge")
    if not side or not squares or size.get("longest_edge") not in (None, side):
        return None
    return int(side), int(side)


def _filter(processor: Mapping[str, Any]) -> Filter:
    number = int(processor.get("resample", 2))
    if number not in _FILTERS:
        msg = (
            f"preprocessor_config.json: resample {number} is none of "
            f"{', '.join(map(str, _FILTERS))} (bilinear, bicubic, box): correct it"
        )
        raise ImportModelError(msg)
    return _FILTERS[number]


def _keeps_proportions(processor: Mapping[str, Any], size: Mapping[str, Any]) -> bool:
    both = size.get("height") and size.get("width")
    return not both or bool(processor.get("keep_aspect_ratio"))


def _grey(processor: Mapping[str, Any], mean: Triple) -> tuple[int, int, int]:
    """The colour that normalisation maps to zero, RGB: padding comes after it."""
    red, green, blue = (min(max(round(value), 0), 255) for value in mean)
    return (blue, green, red) if processor.get("do_flip_channel_order") else (red, green, blue)


def _triple(processor: Mapping[str, Any], key: str) -> Triple:
    given = processor.get(key)
    if isinstance(given, int | float):
        given = [given] * 3
    if not isinstance(given, list | tuple) or len(given) != 3:
        msg = f"preprocessor_config.json: expected three numbers as {key}, got {given}: correct it"
        raise ImportModelError(msg)
    return float(given[0]), float(given[1]), float(given[2])

"""What a model's authors do to an image before the network sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seg_perception.core.errors import ImportModelError
from seg_perception.inference.preprocessing import Resize
from seg_perception.inference.resize_filters import Filter
from seg_perception.training.models.network import Normalisation

Triple = tuple[float, float, float]

# Pillow's numbers; its filters widen where an image shrinks, OpenCV's do not.
_FILTERS: dict[int, Filter] = {2: "antialias", 3: "bicubic", 4: "area"}


@dataclass(frozen=True)
class Pictures:
    """The network's pictures.

    Attributes:
        resize: how an image gets the network's size.
        mean, std: in units of a byte, in the order of the network's channels.
        reversed_channels: whether these are blue, green, red.
    """

    resize: Resize
    mean: Triple
    std: Triple
    reversed_channels: bool = False

    def normalisation(self) -> Normalisation:
        """The same inside a graph."""
        return Normalisation(self.mean, self.std, reversed_channels=self.reversed_channels)

    @classmethod
    def of_processor(cls, processor: Mapping[str, Any]) -> Pictures:
        """Read `preprocessor_config.json`.

        `(pixel * rescale_factor - mean) / std` is `(pixel - mean / f) / (std / f)`.

        Raises:
            ImportModelError: there is none, or it names a filter that is not known.
        """
        if not processor:
            msg = (
                "the folder has no preprocessor_config.json, so that nobody knows which pixels "
                "its network was trained on: copy it beside the weights"
            )
            raise ImportModelError(msg)
        factor = float(processor.get("rescale_factor", 1 / 255))
        factor = factor if processor.get("do_rescale", True) else 1.0
        normalised = processor.get("do_normalize", True)
        mean = _triple(processor, "image_mean") if normalised else (0.0, 0.0, 0.0)
        std = _triple(processor, "image_std") if normalised else (1.0, 1.0, 1.0)
        return cls(
            _resize(processor),
            (mean[0] / factor, mean[1] / factor, mean[2] / factor),
            (std[0] / factor, std[1] / factor, std[2] / factor),
            bool(processor.get("do_flip_channel_order", False)),
        )


def _resize(processor: Mapping[str, Any]) -> Resize:
    number = processor.get("resample", 2)
    if number not in _FILTERS:
        msg = (
            f"preprocessor_config.json: resample {number} is none of "
            f"{', '.join(map(str, _FILTERS))} (bilinear, bicubic, box): correct it"
        )
        raise ImportModelError(msg)
    if processor.get("do_pad") or processor.get("do_pad_image"):
        return Resize(mode="fit", filter=_FILTERS[number], place="corner")
    return Resize(mode="stretch", filter=_FILTERS[number])


def _triple(processor: Mapping[str, Any], key: str) -> Triple:
    given = processor.get(key)
    if not isinstance(given, list) or len(given) != 3:
        msg = f"preprocessor_config.json: expected three numbers as {key}, got {given}: correct it"
        raise ImportModelError(msg)
    return float(given[0]), float(given[1]), float(given[2])

"""What the authors' own pipeline says of a picture, beside what the bundle says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from seg_perception.core.errors import ImportModelError
from seg_perception.inference.manifest import Parity
from seg_perception.inference.preprocessing import Resize, make_preprocessing
from seg_perception.training.export.onnx_graph import NetworkAnswer
from seg_perception.training.export.parity import MIN_AGREEMENT
from seg_perception.training.export.serving import exact
from seg_perception.training.models.network import SegmentationNetwork

Image = NDArray[np.uint8]
Labels = NDArray[np.int16]
Size = tuple[int, int]
_UNSEEN = -1
# What a processor does with an image's size; the rest is its normalisation.
_GEOMETRY = ("do_resize", "do_center_crop", "do_split_image")
_VERSION = f"transformers {transformers.__version__}"


@dataclass(frozen=True)
class Authors:
    """What the authors published.

    Attributes:
        processor: of `transformers`.
        network: nothing in it replaced; at a size that it does not take, the import's.
        own_size: whether it takes the bundle's size.
    """

    processor: Any
    network: SegmentationNetwork
    own_size: bool = True

    def compare_networks(self, golden: Sequence[Image], answers: Sequence[NetworkAnswer]) -> Parity:
        """Their normalisation and network beside the bundle's, on pictures of its size.

        Nothing is scaled, so that all labels are the same.

        Args:
            golden: uint8 (H, W, 3) RGB, of the network's size.
            answers: the bundle's.

        Raises:
            ImportModelError: too few labels are the same.
        """
        pairs = zip(golden, answers, strict=True)
        share = float(np.mean([(self._exact(i) == answer.labels).mean() for i, answer in pairs]))
        if share < MIN_AGREEMENT["fp32"]:
            msg = (
                f"the authors' processor and network give {share:.3%} of the labels that the "
                f"bundle's graph gives, expected {MIN_AGREEMENT['fp32']:.1%}: no bundle is "
                "written; the weights were published in a state that this import does not know"
            )
            raise ImportModelError(msg)
        network = "and network" if self.own_size else "with this import's network"
        return Parity(
            reference=f"the authors' normalisation {network}, {_VERSION}, at this size",
            candidate="this bundle's graph, torch",
            frames=len(golden),
            label_agreement=share,
            max_abs_error=None,
        )

    def compare_pipelines(
        self, images: Sequence[Image], answers: Sequence[NetworkAnswer], resize: Resize
    ) -> Parity:
        """How many pixels of images get the label that the authors' whole pipeline gives.

        That is their processor, which scales as they do, the network, and
        `post_process_semantic_segmentation`, with its shortcuts.

        Args:
            images: uint8 (H, W, 3) RGB.
            answers: the bundle's.
            resize: how the bundle scales them.

        Raises:
            ImportModelError: their pipeline does not take images of these proportions.
        """
        pairs = zip(images, answers, strict=True)
        try:
            shares = [_share(self._labels(image), answer, resize) for image, answer in pairs]
        except (RuntimeError, ValueError) as error:
            size = "x".join(map(str, images[0].shape[1::-1]))
            reason = " ".join(str(error).split())[:150]
            msg = f"the authors' whole pipeline does not take images of {size} ({reason})"
            raise ImportModelError(msg) from error
        pixels = self._batch(images[0])["pixel_values"]
        theirs = f"{len(pixels)} x " if len(pixels) > 1 else ""
        height, width = answers[0].labels.shape
        return Parity(
            reference=f"the authors' whole pipeline, {_VERSION}, whose network sees "
            f"{theirs}{pixels.shape[3]}x{pixels.shape[2]} pixels",
            candidate=f"this bundle, whose network sees {width}x{height} ({resize.mode}, "
            f"{resize.filter})",
            frames=len(images),
            label_agreement=float(np.mean(shares)),
            max_abs_error=None,
        )

    def _exact(self, picture: Image) -> NDArray[Any]:
        as_it_is = {name: False for name in _GEOMETRY if getattr(self.processor, name, None)}
        with torch.no_grad():
            output = self.network(self._batch(picture, **as_it_is)["pixel_values"])
            labels: NDArray[Any] = exact(output, picture.shape[:2])[0].numpy()
        return labels

    def _batch(self, image: Image, **changes: bool) -> Any:
        return self.processor(images=image, return_tensors="pt", **changes)

    def _labels(self, image: Image) -> Labels:
        """Of the whole image, int16 (H, W); unseen outside a crop."""
        batch = self._batch(image)
        with torch.no_grad():
            output = self.network.model(pixel_values=batch["pixel_values"])
        if "patch_offsets" in batch:
            output.patch_offsets = batch["patch_offsets"]
        cropped = getattr(self.processor, "do_center_crop", None)
        size = tuple(batch["pixel_values"].shape[2:]) if cropped else image.shape[:2]
        found = self.processor.post_process_semantic_segmentation(output, target_sizes=[size])
        labels = np.asarray(found[0].numpy(), np.int16)
        if not cropped:
            return labels
        whole = self._batch(image, do_center_crop=False)["pixel_values"].shape[2:]
        return _nearest(_uncrop(labels, tuple(whole)), (image.shape[1], image.shape[0]))


def _uncrop(labels: Labels, whole: Size) -> Labels:
    """The middle of an image in the image; of a crop that is larger, the image is the middle.

    Args:
        labels: (h, w) of the crop.
        whole: height, width of the image.
    """
    result = np.full(whole, _UNSEEN, np.int16)
    (rows, from_rows), (columns, from_columns) = (
        _middle(have, want) for have, want in zip(labels.shape, whole, strict=True)
    )
    result[rows, columns] = labels[from_rows, from_columns]
    return result


def _middle(crop: int, whole: int) -> tuple[slice, slice]:
    """Where a crop lies in the whole, and what of the crop that is."""
    count = min(crop, whole)
    first, of_crop = (whole - count) // 2, (crop - count) // 2
    return slice(first, first + count), slice(of_crop, of_crop + count)


def _share(wanted: Labels, answer: NetworkAnswer, resize: Resize) -> float:
    height, width = wanted.shape
    network = (answer.labels.shape[1], answer.labels.shape[0])
    labels = answer.labels.astype(np.int16)
    whole = make_preprocessing(network, resize).restore(labels, (width, height), _UNSEEN)
    got = _nearest(whole, (width, height))
    seen = (wanted != _UNSEEN) & (got != _UNSEEN)
    return float((wanted == got)[seen].mean())


def _nearest(labels: Labels, size: Size) -> Labels:
    return np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT), np.int16)

"""What the authors' own pipeline says of a picture, beside what the bundle says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from seg_perception.importing.model_folder import ModelFolder
from seg_perception.inference.manifest import Parity
from seg_perception.inference.preprocessing import Resize, make_preprocessing
from seg_perception.training.export.onnx_graph import NetworkAnswer

Image = NDArray[np.uint8]
_UNSEEN = 255


def compare_with_authors(
    folder: ModelFolder,
    model: Any,
    images: Sequence[Image],
    answers: Sequence[NetworkAnswer],
    resize: Resize,
) -> Parity:
    """How many pixels of the images get the label that the authors' pipeline gives them.

    That is their processor, the network, and `post_process_semantic_segmentation`. It
    scales each image as they do, which is not to the bundle's size unless an image has it.

    Args:
        folder: the network's.
        model: the network of `transformers`, for pictures of any size that it takes.
        images: uint8 (H, W, 3) RGB.
        answers: the bundle's, to the same images.
        resize: how the bundle scales them.
    """
    processor = transformers.AutoImageProcessor.from_pretrained(folder.path, local_files_only=True)
    shares = [
        _share(_author_labels(processor, model, image), answer, resize)
        for image, answer in zip(images, answers, strict=True)
    ]
    return Parity(
        reference=f"the authors' pipeline, transformers {transformers.__version__}",
        candidate="this bundle, from image to labels",
        frames=len(images),
        label_agreement=float(np.mean(shares)),
        max_abs_error=None,
    )


def _author_labels(processor: Any, model: Any, image: Image) -> NDArray[np.int64]:
    batch = processor(images=image, return_tensors="pt")
    with torch.no_grad():
        output = model(pixel_values=batch["pixel_values"])
    labels = processor.post_process_semantic_segmentation(output, target_sizes=[image.shape[:2]])
    return np.asarray(labels[0].numpy(), np.int64)


def _share(wanted: NDArray[np.int64], answer: NetworkAnswer, resize: Resize) -> float:
    height, width = wanted.shape
    network = (answer.labels.shape[1], answer.labels.shape[0])
    labels = make_preprocessing(network, resize).restore(answer.labels, (width, height), _UNSEEN)
    got = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return float((wanted == got).mean())

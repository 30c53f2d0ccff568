"""What is imported: a folder, a model of the hub, or a file of weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, ImportModelError
from seg_perception.importing import lightly_train, meta_dinov3
from seg_perception.importing.checkpoint import import_checkpoint
from seg_perception.importing.hub import download, is_hub_name
from seg_perception.importing.options import ImportOptions
from seg_perception.importing.own_checkpoint import import_own, is_own
from seg_perception.importing.weight_file import read_file, refuse
from seg_perception.inference.bundle import Bundle

Frames = Callable[[int, int], Sequence[NDArray[np.uint8]]]


def import_source(source: str, output: Path, frames: Frames, options: ImportOptions) -> Bundle:
    """Make a bundle of a published network, whatever form it comes in.

    Args:
        source: folder that save_pretrained wrote, `owner/name` of the hub, a checkpoint of this
            project, one of lightly-train's EoMT, or Meta's DINOv3 with a head.
        output: the bundle; must not exist.
        frames: gives pictures, uint8 (H, W, 3) RGB of any size, for the network's width and
            height; they become the golden frames.
        options: what is imported.

    Raises:
        ImportModelError: there is no such source, it is incomplete, or the size does not fit.
        TrainingError: the exported graph disagrees with torch.
        BundleError: the output exists.
    """
    expect_new(output, BundleError)
    path = Path(source)
    if path.is_file():
        return _import_file(path, output, frames, options)
    _expect_no_head(source, options)
    if path.is_dir():
        return import_checkpoint(path, output, frames, options)
    if is_hub_name(source):
        return import_checkpoint(download(source), output, frames, options)
    msg = (
        f"{source} not found: expected the folder that save_pretrained wrote, the owner/name of a "
        "model of the Hugging Face hub, a checkpoint, or an .onnx file"
    )
    raise ImportModelError(msg)


def _expect_no_head(source: object, options: ImportOptions) -> None:
    if options.head is not None:
        msg = (
            f"--head {options.head}: {source} is no backbone of Meta's, expected a dinov3_*.pth: "
            "leave --head out"
        )
        raise ImportModelError(msg)


def _import_file(path: Path, output: Path, frames: Frames, options: ImportOptions) -> Bundle:
    meta_dinov3.expect_small(path)
    given = read_file(path)
    if meta_dinov3.is_backbone(given):
        return meta_dinov3.import_dinov3(given, path, output, frames, options)
    _expect_no_head(path, options)
    if is_own(given):
        if options.ontology is not None:
            msg = f"{path} brings the ontology that it was trained with: leave out --ontology"
            raise ImportModelError(msg)
        return import_own(path, output, frames, options)
    if lightly_train.is_checkpoint(given):
        with lightly_train.converted(given, path) as folder:
            return import_checkpoint(folder, output, frames, options, [lightly_train.DIFFERS])
    return refuse(given, path)

"""From a folder of `transformers` to a bundle: load, trace, compare, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, ImportModelError
from seg_perception.importing.authors import Authors
from seg_perception.importing.families.choice import Family, choose_family
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.importing.options import ImportOptions
from seg_perception.importing.pictures import Pictures, load_processor
from seg_perception.importing.proven import Exported, Published, bundle_source, export
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.inference.manifest import Parity
from seg_perception.training.models.network import SegmentationNetwork

Image = NDArray[np.uint8]
Size = tuple[int, int]
Frames = Callable[[int, int], Sequence[Image]]


def import_checkpoint(
    source: Path,
    output: Path,
    frames: Frames,
    options: ImportOptions,
    differs: Sequence[str] = (),
) -> Bundle:
    """Make a bundle of a network of `transformers`.

    Args:
        source: its folder.
        output: the bundle; must not exist.
        frames: gives pictures, uint8 (H, W, 3) RGB of any size, for the network's width and
            height; they become the golden frames.
        options: what is imported.
        differs: what the manifest says of the authors beside what is found here.

    Raises:
        ImportModelError: the folder, its weights or the size does not fit.
        TrainingError: the exported graph disagrees with torch.
        BundleError: the output exists.
    """
    expect_new(output, BundleError)
    folder = ModelFolder.read(source)
    family = choose_family(folder.architecture)
    licence = _licence(folder, options)
    processor = load_processor(folder)
    pictures = Pictures.of_processor(processor.to_dict())
    size = options.size or _authors_size(folder, processor, pictures)
    network = family.load(folder, size)
    exported = export(network, pictures, size, frames(*size), options)
    published = Published(
        source=str(folder.path),
        architecture=folder.architecture,
        class_names=folder.class_names,
        licence=licence,
        pictures=pictures,
        differs=(*differs, *pictures.differs),
    )
    parities, more = _compare(family, folder, processor, network, exported, pictures)
    published = replace(published, differs=(*published.differs, *more))
    return write_bundle(output, bundle_source(published, exported, parities, options))


def _compare(
    family: Family,
    folder: ModelFolder,
    processor: Any,
    network: SegmentationNetwork,
    exported: Exported,
    pictures: Pictures,
) -> tuple[list[Parity], list[str]]:
    """The authors' normalisation and network, then all that they do; and what was not so."""
    differs: list[str] = []
    original = Authors(processor, family.published(folder))
    same = original
    if not family.is_published_size(folder, exported.size):
        same = Authors(processor, network, own_size=False)
        differs.append(
            "the authors' network takes its own size alone; in this one the positions of its "
            "patches are worked out for another"
        )
    parities = [same.compare_networks(exported.golden, exported.reference)]
    try:
        parities.append(
            original.compare_pipelines(exported.images, exported.reference, pictures.resize)
        )
    except ImportModelError as error:
        differs.append(f"nothing was compared with it: {error}")
    return parities, differs


def _authors_size(folder: ModelFolder, processor: Any, pictures: Pictures) -> Size:
    if pictures.size is None:
        msg = (
            f"{folder.path}: the authors' pictures have no one size: give --size WxH, "
            "the proportions of your camera's images in about their resolution "
            f"({processor.to_dict()['size']})"
        )
        raise ImportModelError(msg)
    return pictures.size


def _licence(folder: ModelFolder, options: ImportOptions) -> tuple[str, str]:
    """Name and text; whoever runs the robot must know what the weights may be used for."""
    name, text = folder.licence()
    name = options.licence or name
    if not name:
        msg = (
            f"{folder.path}: its README.md names no licence of the weights: look it up where they "
            "were published, and give it as --licence"
        )
        raise ImportModelError(msg)
    return name, text

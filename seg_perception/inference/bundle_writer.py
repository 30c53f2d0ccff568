"""Writes a model bundle: files, hashes, manifest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import BundleError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import MANIFEST_FILE, Bundle, files_of, sha256
from seg_perception.inference.manifest import (
    Familiarity,
    GoldenFiles,
    Manifest,
    NetworkInput,
    NetworkOutput,
    Parity,
    Precision,
    Sampling,
    Training,
    Variant,
    explain,
)
from seg_perception.io.image_files import write_image

Golden = (
    tuple[NDArray[np.uint8], NDArray[Any]] | tuple[NDArray[np.uint8], NDArray[Any], NDArray[Any]]
)


@dataclass(frozen=True)
class VariantSource:
    """One variant of the network.

    Attributes:
        model: bytes of the ONNX file, weights inside; None: the plain model has this one.
        sampling, precision, parity: as in the manifest's `Variant`.
    """

    model: bytes | None
    sampling: Sampling
    precision: Precision
    parity: Parity | None = None


@dataclass(frozen=True)
class BundleSource:
    """What a bundle is made of, before hashes and paths are known.

    Attributes:
        model: bytes of the ONNX file, weights inside.
        variants: the same network in other variants.
        golden: a uint8 (H, W, 3) RGB image at the network's size each, the labels (H, W)
            that the reference gives it and, as a third, its uint8 (H, W) confidence.
        licence_text: the weights' licence in full, written as LICENSE.
        familiarity: of a model that gives its statistics; None: it tells none.
        gaussians: bytes of its file.
    """

    name: str
    version: str
    ontology: Ontology
    input: NetworkInput
    output: NetworkOutput
    model: bytes
    licence: str
    golden: Sequence[Golden] = ()
    variants: Sequence[VariantSource] = ()
    licence_text: str = ""
    notice: str = ""
    opset: int | None = None
    parity: tuple[Parity, ...] = ()
    training: Training = field(default_factory=Training)
    familiarity: Familiarity | None = None
    gaussians: bytes = b""


def write_bundle(folder: Path, source: BundleSource) -> Bundle:
    """Write a bundle and load it again.

    Args:
        folder: made here, in one rename; it must not exist, or be empty.
        source: what goes in.

    Returns:
        The bundle as `Bundle.load` reads it.

    Raises:
        BundleError: the folder is in use, the disk refuses, or the source contradicts itself.
    """
    with draft_folder(folder, BundleError) as draft:
        names = _write_files(draft, source)
        manifest = _manifest(
            source, names, {name: sha256(draft / name) for name in files_of(draft)}
        )
        write_file(draft / MANIFEST_FILE, manifest.dump(), BundleError, sync=True)
        Bundle.load(draft)
    return Bundle.load(folder)


def derive_bundle(
    folder: Path,
    bundle: Bundle,
    files: Mapping[str, bytes],
    changes: Mapping[str, Any],
    without: Collection[str] = (),
) -> Bundle:
    """Write a bundle like another one, with some files and keys of the manifest changed.

    Args:
        folder: made here, in one rename; it must not exist, or be empty.
        bundle: whose other files are copied.
        files: what replaces, or joins, its files.
        changes: to the manifest.
        without: files that are not copied.

    Raises:
        BundleError: the folder is in use, the disk refuses, or the changes contradict the rest.
    """
    with draft_folder(folder, BundleError) as draft:
        for name in sorted(set(bundle.manifest.files) - {*files, *without}):
            write_file(draft / name, (bundle.folder / name).read_bytes(), BundleError)
        for name, content in files.items():
            write_file(draft / name, content, BundleError, sync=True)
        hashes = {name: sha256(draft / name) for name in sorted(files_of(draft))}
        same = {key: getattr(bundle.manifest, key) for key in Manifest.model_fields}
        data = {**same, **changes, "files": hashes}
        try:
            text = Manifest.model_validate(data).dump()
        except ValidationError as error:
            raise BundleError(explain(error, bundle.manifest.name)) from error
        write_file(draft / MANIFEST_FILE, text, BundleError, sync=True)
        Bundle.load(draft)
    return Bundle.load(folder)


def _write_files(draft: Path, source: BundleSource) -> dict[str, Any]:
    """Write everything but the manifest; return what the manifest says of it."""
    names: dict[str, Any] = {"model": "model.onnx"}
    write_file(draft / "model.onnx", source.model, BundleError, sync=True)
    names["variants"] = tuple(_write_variant(draft, variant) for variant in source.variants)
    if source.licence_text:
        names["licence_file"] = "LICENSE"
        write_file(draft / "LICENSE", source.licence_text, BundleError)
    if source.familiarity is not None:
        write_file(draft / source.familiarity.file, source.gaussians, BundleError, sync=True)
    names["golden"] = tuple(_write_golden(draft, n, f) for n, f in enumerate(source.golden))
    return names


def _write_variant(draft: Path, source: VariantSource) -> Variant:
    file = "model.onnx"
    if source.model is not None:
        file = f"model_{source.sampling}_{source.precision}.onnx"
        write_file(draft / file, source.model, BundleError, sync=True)
    return Variant(
        file=file,
        sampling=source.sampling,
        precision=source.precision,
        parity=source.parity,
    )


def _write_golden(draft: Path, number: int, frame: Golden) -> GoldenFiles:
    image, labels, *confidence = frame
    stem = f"golden/{number:02}"
    files = GoldenFiles(
        image=f"{stem}.png",
        labels=f"{stem}_labels.png",
        confidence=f"{stem}_confidence.png" if confidence else None,
    )
    write_image(draft / files.image, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), BundleError)
    write_image(draft / files.labels, labels, BundleError)
    if files.confidence is not None:
        write_image(draft / files.confidence, confidence[0], BundleError)
    return files


def _manifest(
    source: BundleSource, names: Mapping[str, Any], hashes: Mapping[str, str]
) -> Manifest:
    same = (
        "name",
        "version",
        "ontology",
        "input",
        "output",
        "licence",
        "notice",
        "opset",
        "parity",
        "training",
        "familiarity",
    )
    try:
        return Manifest(
            **{key: getattr(source, key) for key in same},
            **names,
            files=dict(sorted(hashes.items())),
        )
    except ValidationError as error:
        raise BundleError(explain(error, f"bundle {source.name}")) from error

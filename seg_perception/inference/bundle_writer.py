"""Writes a model bundle: files, hashes, manifest."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from seg_perception.core.errors import BundleError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import MANIFEST_FILE, Bundle, files_of, sha256
from seg_perception.inference.manifest import (
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
    expect_free(folder)
    try:
        _write(folder, source)
    except OSError as error:
        msg = f"{folder}: can't be written ({error}); nothing is left of it: free some space"
        raise BundleError(msg) from error
    return Bundle.load(folder)


def _write(folder: Path, source: BundleSource) -> None:
    """Write the bundle beside its place, then move it there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        draft = Path(scratch) / folder.name
        names = _write_files(draft, source)
        manifest = _manifest(
            source, names, {name: sha256(draft / name) for name in files_of(draft)}
        )
        (draft / MANIFEST_FILE).write_text(manifest.dump())
        Bundle.load(draft)
        draft.replace(folder)


def expect_free(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        BundleError: it does, or it is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} exists; remove it or name another folder for the bundle"
        raise BundleError(msg)


def _write_files(draft: Path, source: BundleSource) -> dict[str, Any]:
    """Write everything but the manifest; return what the manifest says of it."""
    draft.mkdir()
    names: dict[str, Any] = {"model": "model.onnx"}
    (draft / "model.onnx").write_bytes(source.model)
    names["variants"] = tuple(_write_variant(draft, variant) for variant in source.variants)
    if source.licence_text:
        names["licence_file"] = "LICENSE"
        (draft / "LICENSE").write_text(source.licence_text)
    names["golden"] = tuple(_write_golden(draft, n, f) for n, f in enumerate(source.golden))
    return names


def _write_variant(draft: Path, source: VariantSource) -> Variant:
    file = "model.onnx"
    if source.model is not None:
        file = f"model_{source.sampling}_{source.precision}.onnx"
        (draft / file).write_bytes(source.model)
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
    (draft / "golden").mkdir(exist_ok=True)
    _write_png(draft / files.image, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    _write_png(draft / files.labels, labels)
    if files.confidence is not None:
        _write_png(draft / files.confidence, confidence[0])
    return files


def _write_png(file: Path, pixels: NDArray[Any]) -> None:
    _, data = cv2.imencode(".png", pixels)
    file.write_bytes(data.tobytes())


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
    )
    try:
        return Manifest(
            **{key: getattr(source, key) for key in same},
            **names,
            files=dict(sorted(hashes.items())),
        )
    except ValidationError as error:
        raise BundleError(explain(error, f"bundle {source.name}")) from error

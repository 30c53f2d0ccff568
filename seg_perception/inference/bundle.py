"""A model bundle on disk: found, unpacked, checked."""

from __future__ import annotations

import hashlib
import weakref
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import BundleError, ImageError
from seg_perception.core.git_lfs import pointer_mend
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import bundle_path, expanded
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.core.types import label_dtype
from seg_perception.inference.archive import unpack
from seg_perception.inference.familiarity.model import FamiliarityModel
from seg_perception.inference.manifest import GoldenFiles, Manifest, Variant
from seg_perception.io.compressed import read_header

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, eq=False)
class GoldenFrame:
    """A frame whose labels are known.

    Attributes:
        name: path of the image in the bundle.
        image: uint8 (H, W, 3), RGB at the network's size.
        labels: uint8 or uint16 (H, W), the class ids that the model gives it.
        confidence: uint8 (H, W), as the model gives it; None where the bundle has none.
    """

    name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model with everything that is needed to run it and to validate an engine.

    Attributes:
        manifest: what the bundle says about itself.
        folder: where its files lie.
        golden: the frames that an engine must reproduce.
        familiarity: tells pictures that are unlike the training's; None where it can't.
    """

    manifest: Manifest
    folder: Path
    golden: tuple[GoldenFrame, ...]
    familiarity: FamiliarityModel | None = None

    @classmethod
    def load(cls, path_or_name: str | Path) -> Bundle:
        """Load a shipped bundle by its name, or a folder or zip by its path.

        A zip is unpacked into a temporary folder that lives as long as the bundle.

        Raises:
            BundleError: it is missing, incomplete, altered, or contradicts itself.
        """
        with ExitStack() as scratch:
            try:
                bundle = cls._read(_open(_find(path_or_name), scratch))
            except OSError as error:
                msg = f"model bundle {path_or_name} can't be read ({error}); copy it again"
                raise BundleError(msg) from error
            weakref.finalize(bundle, scratch.pop_all().close)
        return bundle

    @classmethod
    def _read(cls, folder: Path) -> Bundle:
        if (folder / MANIFEST_FILE).is_file():
            _expect_no_pointer(folder / MANIFEST_FILE)
        manifest = Manifest.read(folder / MANIFEST_FILE)
        _expect_intact(folder, manifest)
        golden = tuple(_read_golden(folder, files, manifest) for files in manifest.golden)
        _expect_telling(folder, golden)
        told = manifest.familiarity
        familiarity = FamiliarityModel.read(folder, told) if told is not None else None
        return cls(manifest, folder, golden, familiarity)

    @property
    def ontology(self) -> Ontology:
        """The label space of the labels."""
        return self.manifest.ontology

    @property
    def width(self) -> int:
        """Width of the network's input (pixel)."""
        return self.manifest.input.width

    @property
    def height(self) -> int:
        """Height of the network's input (pixel)."""
        return self.manifest.input.height

    @property
    def label_dtype(self) -> np.dtype[Any]:
        """Type of the label maps."""
        return label_dtype(self.manifest.class_count)

    @property
    def model_path(self) -> Path:
        """The ONNX file that ONNX Runtime takes."""
        return self.folder / self.manifest.model

    def variant_path(self, variant: Variant) -> Path:
        """The ONNX file of one of the manifest's variants."""
        return self.folder / variant.file

    def __str__(self) -> str:
        """Name, version and size."""
        return f"{self.manifest.name} {self.manifest.version} ({self.width}x{self.height})"


def shipped() -> list[str]:
    """Names of the bundles that come with the package."""
    return sorted(file.parent.name for file in bundle_path(".").glob(f"*/{MANIFEST_FILE}"))


def sha256(file: Path) -> str:
    """Hash of a file, read in pieces."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def files_of(folder: Path) -> set[str]:
    """Paths of a bundle's files but the manifest and hidden ones, with `/` between the parts."""
    paths = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {
        path
        for path in paths
        if path != MANIFEST_FILE and not path.rpartition("/")[2].startswith(".")
    }


def _find(path_or_name: str | Path) -> Path:
    if isinstance(path_or_name, str) and path_or_name in shipped():
        return bundle_path(path_or_name)
    path = expanded(path_or_name)
    if not path_or_name or not path.exists():
        msg = (
            f"model bundle {str(path_or_name)!r} not found: "
            f"expected one of {shipped()} or the path of a bundle's folder or zip"
        )
        raise BundleError(msg)
    return path


def _open(path: Path, scratch: ExitStack) -> Path:
    if path.is_dir():
        return path
    if path.suffix == ".onnx":
        msg = f"{path} is a bare model; `seg-perception import {path} -o NAME` makes a bundle"
        raise BundleError(msg)
    _expect_no_pointer(path)
    return unpack(path, scratch.enter_context(scratch_folder("bundle")))


def _expect_intact(folder: Path, manifest: Manifest) -> None:
    present = files_of(folder)
    if missing := sorted(set(manifest.files) - present):
        msg = f"{folder}: {missing[0]} is missing; copy the bundle again"
        raise BundleError(msg)
    if unlisted := sorted(present - set(manifest.files)):
        msg = f"{folder}: {unlisted[0]} has no sha256; list it in {MANIFEST_FILE}, or remove it"
        raise BundleError(msg)
    for name, expected in manifest.files.items():
        if (got := sha256(folder / name)) != expected:
            _expect_no_pointer(folder / name)
            msg = (
                f"{folder / name} was altered: expected sha256 {expected}, got {got}; "
                "copy the bundle again"
            )
            raise BundleError(msg)


def _expect_no_pointer(file: Path) -> None:
    if mend := pointer_mend(file):
        raise BundleError(mend)


def _read_golden(folder: Path, files: GoldenFiles, manifest: Manifest) -> GoldenFrame:
    size = (manifest.input.height, manifest.input.width)
    image = _read_png(folder / files.image, cv2.IMREAD_COLOR, size)
    labels = _read_png(folder / files.labels, cv2.IMREAD_UNCHANGED, size)
    dtype = label_dtype(manifest.class_count)
    if labels.shape != size or labels.dtype != dtype:
        msg = (
            f"{folder / files.labels}: expected one channel of {dtype} {size}, "
            f"got {labels.dtype} {labels.shape}; write class ids, not colours"
        )
        raise BundleError(msg)
    if labels.max() >= manifest.class_count:
        msg = (
            f"{folder / files.labels}: expected ids below {manifest.class_count}, "
            f"got {labels.max()}; write the labels that the model itself gives"
        )
        raise BundleError(msg)
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    return GoldenFrame(files.image, rgb, labels, _read_confidence(folder, files, size))


def _read_confidence(
    folder: Path, files: GoldenFiles, size: tuple[int, int]
) -> NDArray[np.uint8] | None:
    if files.confidence is None:
        return None
    confidence = _read_png(folder / files.confidence, cv2.IMREAD_UNCHANGED, size)
    if confidence.shape != size or confidence.dtype != np.uint8:
        msg = (
            f"{folder / files.confidence}: expected one channel of uint8 {size}, "
            f"got {confidence.dtype} {confidence.shape}; write the confidence that the model gives"
        )
        raise BundleError(msg)
    return confidence


def _read_png(file: Path, flags: int, size: tuple[int, int]) -> NDArray[Any]:
    """Pixels of a PNG file that has this size (height, width), which its header says beforehand."""
    try:
        data = np.fromfile(file, np.uint8)
        header = read_header(data, file.name)
        _expect_size(file, (header.height, header.width), size)
        pixels: NDArray[Any] | None = cv2.imdecode(data, flags)
    except (cv2.error, ImageError) as error:
        msg = f"{file} is not a readable PNG ({error}); write the bundle again"
        raise BundleError(msg) from error
    if pixels is None or header.kind != "png":
        msg = f"{file} is not a readable PNG; write the bundle again"
        raise BundleError(msg)
    return pixels


def _expect_size(file: Path, got: tuple[int, int], size: tuple[int, int]) -> None:
    if got != size:
        msg = (
            f"{file}: expected the network's size {size} (height, width), "
            f"got {got}; stretch the frame before it is labelled"
        )
        raise BundleError(msg)


def _expect_telling(folder: Path, golden: tuple[GoldenFrame, ...]) -> None:
    ids = {int(label) for frame in golden for label in np.unique(frame.labels)}
    if golden and len(ids) < 2:
        msg = (
            f"{folder}: golden frames of one class ({ids}) prove nothing; "
            "take frames with several classes"
        )
        raise BundleError(msg)

"""A labelled image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.api.arrays import as_rgb
from seg_perception.api.camera import Camera
from seg_perception.api.class_labels import ClassLabels, group_labels, grouping_ontology
from seg_perception.core.errors import ImageError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, label_dtype
from seg_perception.io.image_files import encode_image, write_image
from seg_perception.outputs.pictures import Labels, above, fit, legend_strip, overlay

if TYPE_CHECKING:
    from typing_extensions import Self

# A stamp that nobody gave; the core takes 0 for a clock that does not run.
NO_STAMP_NS = 1
_SHOWN_PX, _QUALITY = 640, 85


class ImageLabels(ClassLabels):
    """Labels of an image, at the image's size.

    Attributes:
        labels: uint8 or uint16 (H, W), class ids; `unknown_id` where nothing is known.
        confidence: float32 (H, W), 0 to 1.
        ontology: what the ids mean; `names` has the names.
        image: uint8 (H, W, 3), RGB, the image.
        stamp_ns: when it was taken; None: nobody said.
        frame_id: the camera's frame; empty: nobody said.
        camera: that took it; None: nobody said.
        label_map: the labels as points look them up: at the network's size.
    """

    def __init__(
        self,
        labels: Labels,
        confidence: NDArray[np.float32],
        ontology: Ontology,
        image: NDArray[np.uint8],
        label_map: LabelMap,
        camera: Camera | None = None,
    ) -> None:
        """Take labels; people get them from `Model.label` or `from_mask`."""
        super().__init__(labels, confidence, ontology)
        self.image = image
        self.label_map = label_map
        self.camera = camera

    @classmethod
    def from_mask(
        cls,
        mask: Any,
        ontology: Ontology | str | Path,
        image: Any = None,
        *,
        stamp_ns: int | None = None,
        camera: Camera | None = None,
    ) -> ImageLabels:
        """A mask of one's own, to be shown, compared or painted onto points.

        Args:
            mask: whole numbers (H, W): class ids of the ontology; 255 is unknown.
            ontology: a model's, a shipped one's name, or the path of a YAML file.
            image: uint8 (H, W, 3), RGB; None: grey.
            stamp_ns, camera: as for `Model.label`.

        Raises:
            ImageError: another shape, or ids that the ontology does not have.
            ConfigError: no such ontology.
        """
        known = ontology if isinstance(ontology, Ontology) else Ontology.load(ontology)
        labels = _as_labels(mask, known)
        size = (*labels.shape, 3)
        picture = np.full(size, 128, np.uint8) if image is None else as_rgb(image)
        if picture.shape != size:
            got = f"{picture.shape[:2]}; pass the image that the mask is of"
            msg = f"image: expected the mask's size {labels.shape}, got {got}"
            raise ImageError(msg)
        certain = np.where(labels == known.unknown_id, 0, 255).astype(np.uint8)
        label_map = LabelMap("", labels, certain, NO_STAMP_NS if stamp_ns is None else stamp_ns, "")
        return cls.of(label_map, label_map, known, picture, camera)

    @classmethod
    def of(
        cls,
        full: LabelMap,
        label_map: LabelMap,
        ontology: Ontology,
        image: NDArray[np.uint8],
        camera: Camera | None,
    ) -> Self:
        """The labels of an image, uint8 (H, W, 3), from those at its size and those for points."""
        confidence = full.confidence.astype(np.float32) / np.float32(255)
        return cls(full.labels, confidence, ontology, image, label_map, camera)

    @property
    def stamp_ns(self) -> int | None:
        """When the image was taken; None: nobody said."""
        stamp_ns = self.label_map.stamp_ns
        return None if stamp_ns == NO_STAMP_NS else stamp_ns

    @property
    def frame_id(self) -> str:
        """The camera's frame; empty: nobody said."""
        return self.label_map.frame_id

    def grouped(self, grouping: str) -> ImageLabels:
        """The same as groups, for instance `traversability`; a class without one is unknown.

        Raises:
            ConfigError: the ontology has no such grouping.
        """
        ontology = grouping_ontology(self.ontology, grouping)
        points = group_labels(self.label_map.labels, self.ontology, grouping)
        label_map = replace(self.label_map, labels=points)
        labels = group_labels(self.labels, self.ontology, grouping)
        return ImageLabels(labels, self.confidence, ontology, self.image, label_map, self.camera)

    def overlay(self, alpha: float = 0.5, *, legend: bool = False) -> NDArray[np.uint8]:
        """The image under its labels' colours, uint8 (H, W, 3), RGB; unknown pixels as they are.

        Args:
            alpha: weight of the colours, 0 to 1.
            legend: name the classes below the picture, which gets higher.
        """
        picture = overlay(self.image, self.labels, self.ontology, alpha)
        return above(picture, self._legend(picture.shape[1])) if legend else picture

    def save(self, path: str | Path) -> None:
        """Write the class ids as a PNG file, without loss; `save_overlay` writes what people see.

        Raises:
            ImageError: another ending, or the disk refuses.
        """
        file = Path(path).expanduser()
        if file.suffix.lower() != ".png":
            msg = (
                f"{path}: expected a name that ends in .png, other codings alter class ids; "
                "save_overlay writes pictures for people"
            )
            raise ImageError(msg)
        write_image(file, self.labels, ImageError)

    def save_overlay(self, path: str | Path, alpha: float = 0.5) -> None:
        """Write the image under its labels' colours, with a legend, as .png or .jpg.

        Raises:
            ImageError: another ending, or the disk refuses.
        """
        file = Path(path).expanduser()
        if file.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            msg = f"{path}: expected a name that ends in .png or .jpg, got {file.suffix!r}"
            raise ImageError(msg)
        write_image(file, _bgr(self.overlay(alpha, legend=True)), ImageError)

    def __repr__(self) -> str:
        """Size and largest shares."""
        height, width = self.labels.shape
        return f"<ImageLabels {width}x{height}: {self._said()}>"

    def _repr_jpeg_(self) -> bytes:
        """What a notebook shows: overlay and legend, small."""
        width = min(_SHOWN_PX, self.labels.shape[1])
        picture = self.overlay()
        small = fit(picture, width, round(picture.shape[0] * width / picture.shape[1]))
        shown = _bgr(above(small, self._legend(width)))
        return encode_image(shown, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])

    def _legend(self, width: int) -> NDArray[np.uint8]:
        return legend_strip(self.ontology, np.unique(self.labels).tolist(), width)


def _bgr(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(picture[..., ::-1])


def _as_labels(mask: Any, ontology: Ontology) -> Labels:
    array = np.asarray(mask)
    if array.ndim != 2 or array.dtype.kind not in "iu" or array.size == 0:
        got = f"{array.dtype} {array.shape}; pass class ids, not colours"
        msg = f"mask: expected whole numbers (H, W), got {got}"
        raise ImageError(msg)
    unknown = ontology.unknown_id
    strangers = np.setdiff1d(array, [*ontology.names, 255, unknown])
    if strangers.size:
        msg = (
            f"mask: expected ids of {ontology.name} ({sorted(ontology.names)}, {unknown} unknown), "
            f"got {strangers[:8].tolist()}; map them first"
        )
        raise ImageError(msg)
    own = 255 if 255 in ontology.names else unknown
    return np.where(array == 255, own, array).astype(label_dtype(ontology.id_count))

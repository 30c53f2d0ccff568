"""Pre-labels as CVAT imports them, and what annotators made of them back again.

CVAT's "Segmentation mask 1.1": a zip with `labelmap.txt`, `ImageSets/Segmentation/default.txt`
and `SegmentationClass/NAME.png` in the colours of the label map
(docs.cvat.ai/docs/dataset_management/formats/format-smask).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.outputs.pictures import encode_png

if TYPE_CHECKING:
    from typing_extensions import Self

MASKS_FOLDER = "SegmentationClass"
_LABEL_MAP = "labelmap.txt"
_NAMES = "ImageSets/Segmentation/default.txt"
_BACKGROUND = "background"
# A zip's clock begins here; the same masks give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
Rgb = tuple[int, int, int]


def distinct_colors(ontology: Ontology) -> dict[str, Rgb]:
    """A colour for each class that no other one has, its own where that is possible.

    Ontologies may share colours (GOOSE's snow and hedge), and CVAT takes black for background.
    """
    taken: set[Rgb] = {(0, 0, 0)}
    found = {}
    for entry in ontology.classes:
        found[entry.name] = next(color for color in _near(entry.rgb) if color not in taken)
        taken.add(found[entry.name])
    return found


class CvatArchive:
    """Writes the zip."""

    def __init__(self, path: Path, ontology: Ontology) -> None:
        """Begin it.

        Raises:
            DatasetError: a class name that the label map can't hold.
        """
        for name in ontology.ids:
            if name == _BACKGROUND or set(name) & set(":\n\r#"):
                msg = f"class {name!r}: CVAT's label map can't hold it; rename the class"
                raise DatasetError(msg)
        self._ontology = ontology
        self._colors = distinct_colors(ontology)
        self._palette = np.zeros((ontology.unknown_id + 1, 3), np.uint8)
        for name, color in self._colors.items():
            self._palette[ontology.ids[name]] = color
        self._names: list[str] = []
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Add what goes with the masks, and close."""
        self._write(_LABEL_MAP, label_map(self._colors).encode())
        self._write(_NAMES, "".join(f"{name}\n" for name in self._names).encode())
        self._zip.close()

    def add(self, name: str, labels: NDArray[Any]) -> None:
        """Add an image's labels: uint8 or uint16 (H, W); unknown ones become background."""
        self._names.append(name)
        self._write(f"{MASKS_FOLDER}/{name}.png", encode_png(self._palette[labels]))

    def _write(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, _NO_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, data)


def label_map(colors: dict[str, Rgb]) -> str:
    """The text of `labelmap.txt`."""
    lines = [f"{name}:{r},{g},{b}::" for name, (r, g, b) in colors.items()]
    return "\n".join(["# label:color_rgb:parts:actions", f"{_BACKGROUND}:0,0,0::", *lines, ""])


def label_specification(ontology: Ontology) -> str:
    """What CVAT's label constructor takes under "Raw", so that nobody types class names."""
    labels = [
        {"name": name, "color": f"#{r:02x}{g:02x}{b:02x}", "type": "any", "attributes": []}
        for name, (r, g, b) in distinct_colors(ontology).items()
    ]
    return json.dumps(labels, indent=1)


def read_masks(path: Path, ontology: Ontology) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Names and labels of a zip that CVAT exported.

    Returns:
        Name without suffix, and uint8 (H, W), ids of the ontology; background is unknown.

    Raises:
        DatasetError: no such zip, a class that the ontology lacks, or a colour that the label
            map does not have.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            table = _ids_by_color(archive.read(_LABEL_MAP).decode(), ontology, path)
            for member in sorted(archive.namelist()):
                if member.startswith(f"{MASKS_FOLDER}/") and member.endswith(".png"):
                    where = f"{path}: {member}"
                    yield Path(member).stem, _read_mask(archive.read(member), table, where)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        msg = f"{path}: expected a zip that CVAT exported as Segmentation mask 1.1, got {error}"
        raise DatasetError(msg) from error


def _ids_by_color(text: str, ontology: Ontology, path: Path) -> dict[int, int]:
    table = {}
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        name, _, rest = line.partition(":")
        if name != _BACKGROUND and name not in ontology.ids:
            msg = (
                f"{path}: label {name!r} is no class of ontology {ontology.name}; rename it in CVAT"
            )
            raise DatasetError(msg)
        color = [int(part) for part in rest.partition(":")[0].split(",")]
        table[int(_packed(np.array(color)))] = ontology.ids.get(name, ontology.unknown_id)
    return table


def _read_mask(data: bytes, table: dict[int, int], where: str) -> NDArray[np.uint8]:
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        msg = f"{where} can't be decoded; export it again"
        raise DatasetError(msg)
    colors, places = np.unique(_packed(np.asarray(bgr)[..., ::-1]), return_inverse=True)
    unknown = [f"#{color:06x}" for color in colors.tolist() if color not in table]
    if unknown:
        msg = f"{where}: colours {unknown} are not in labelmap.txt; export it again"
        raise DatasetError(msg)
    ids = np.array([table[color] for color in colors.tolist()], np.uint8)
    mask: NDArray[np.uint8] = ids[places.reshape(bgr.shape[:2])]
    return mask


def _packed(rgb: NDArray[Any]) -> NDArray[np.int64]:
    wide = rgb.astype(np.int64)
    packed: NDArray[np.int64] = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    return packed


def _near(color: Rgb) -> Iterator[Rgb]:
    """The colour itself, then ever further ones."""
    yield color
    for step in range(1, 256):
        for channel in range(3):
            for sign in (step, -step):
                changed = [*color]
                changed[channel] += sign
                if 0 <= changed[channel] <= 255:
                    yield changed[0], changed[1], changed[2]

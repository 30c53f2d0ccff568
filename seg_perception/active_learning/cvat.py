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

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError, ImageError
from seg_perception.core.ontology import Ontology
from seg_perception.io.bit_depth import FULL_BITS, to_8_bits
from seg_perception.io.bounded import Bound
from seg_perception.io.bounded_zip import ZIP_DAMAGE, members_within, read_member
from seg_perception.io.compressed import decode_rgb, read_header
from seg_perception.outputs.pictures import encode_png

if TYPE_CHECKING:
    from typing_extensions import Self

MASKS_FOLDER = "SegmentationClass"
_LABEL_MAP = "labelmap.txt"
_NAMES = "ImageSets/Segmentation/default.txt"
_BACKGROUND = "background"
# A zip's clock begins here; the same masks give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
# Pictures hardly compress; a zip that grows more than this is no export.
_BOUND = Bound(free_bytes=64 << 20, growth=20, most_bytes=1 << 40)
# A byte of a mask is some hundred pixels.
_PIXELS = Bound(free_bytes=1 << 30, growth=400, most_bytes=1 << 40)
_BLOCK_PIXELS = 1 << 20
_MOST_NAMED = 8
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
        """Add what goes with the masks, and close; of a zip that failed nothing is kept."""
        if error is None:
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
    pixels = 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = {m.filename: m for m in members_within(archive, path, _BOUND)}
            text = read_member(archive, members[_LABEL_MAP]).decode()
            table = _ids_by_color(text, ontology, path)
            for name in sorted(members):
                if name.startswith(f"{MASKS_FOLDER}/") and name.endswith(".png"):
                    data = np.frombuffer(read_member(archive, members[name]), np.uint8)
                    pixels += _count_pixels(data, f"{path}: {name}")
                    _expect_few_pixels(path, pixels)
                    yield Path(name).stem, _read_mask(data, table, f"{path}: {name}")
    except (OSError, KeyError, *ZIP_DAMAGE) as error:
        msg = f"{path}: expected a zip that CVAT exported as Segmentation mask 1.1, got {error}"
        raise DatasetError(msg) from error


def _count_pixels(data: NDArray[np.uint8], where: str) -> int:
    try:
        header = read_header(data, "mask")
    except ImageError as error:
        msg = f"{where} can't be decoded ({error}); export it again"
        raise DatasetError(msg) from error
    return header.width * header.height


def _expect_few_pixels(path: Path, pixels: int) -> None:
    most = _PIXELS.of(path.stat().st_size)
    if pixels > most:
        msg = f"{path}: expected masks of at most {most} pixels in all; export fewer frames at once"
        raise DatasetError(msg)


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


def _read_mask(data: NDArray[np.uint8], table: dict[int, int], where: str) -> NDArray[np.uint8]:
    """Ids, uint8 (H, W), of a picture's bytes; block by block, since indices are large."""
    try:
        rgb = to_8_bits(decode_rgb(data, "mask"), FULL_BITS)
    except ImageError as error:
        msg = f"{where} can't be decoded ({error}); export it again"
        raise DatasetError(msg) from error
    mask = np.empty(rgb.shape[:2], np.uint8)
    rows = max(1, _BLOCK_PIXELS // rgb.shape[1])
    for first in range(0, len(rgb), rows):
        mask[first : first + rows] = _ids(rgb[first : first + rows], table, where)
    return mask


def _ids(rgb: NDArray[np.uint8], table: dict[int, int], where: str) -> NDArray[np.uint8]:
    colors, places = np.unique(_packed(rgb), return_inverse=True)
    unknown = [f"#{color:06x}" for color in colors.tolist() if color not in table]
    if unknown:
        msg = f"{where}: colours {unknown[:_MOST_NAMED]} are not in labelmap.txt; export it again"
        raise DatasetError(msg)
    ids = np.array([table[color] for color in colors.tolist()], np.uint8)
    found: NDArray[np.uint8] = ids[places.reshape(rgb.shape[:2])]
    return found


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

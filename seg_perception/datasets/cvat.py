"""CVAT's own export, "CVAT for images 1.1": `annotations.xml` and the images.

Its "Segmentation mask 1.1" has the folders of Pascal VOC and is read as that.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import DatasetError
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mask_folders import IMAGE_SUFFIXES
from seg_perception.datasets.masks import Ids
from seg_perception.datasets.names_ontology import ontology_of
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.shapes import Shape, draw_shapes
from seg_perception.datasets.splits import choose_split, split_of

LAYOUT = "cvat"
FILE = "annotations.xml"
_AREAS = ("polygon", "mask")
_DAMAGE = (KeyError, ValueError, TypeError)


@dataclass(frozen=True, eq=False)
class CvatReader:
    """Draws the polygons and masks of an XML file.

    Attributes:
        ids: by label.
        images: the file's element of each image, by the image's path.
    """

    ids: Mapping[str, int]
    images: Mapping[Path, ET.Element]

    @property
    def description(self) -> str:
        """Where the ids come from."""
        return f"ids are the labels of {FILE} in their order; pixels outside of them have no truth"

    def read(self, pair: ImagePair) -> Ids:
        """The ids of a pair's pixels, uint8 or uint16 (H, W).

        Raises:
            DatasetError: shapes that can't be read.
        """
        element = self.images[pair.image]
        try:
            size = int(element.attrib["height"]), int(element.attrib["width"])
            shapes = [self._shape(e) for e in element if e.tag in _AREAS]
            ids: Ids = draw_shapes(shapes, size, len(self.ids))
        except _DAMAGE as error:
            msg = f"{pair.labels}: the shapes of {pair.name} can't be read ({error}): export again"
            raise DatasetError(msg) from error
        return ids

    def _shape(self, element: ET.Element) -> Shape:
        number, order = self.ids[element.attrib["label"]], int(element.get("z_order", "0"))
        if element.tag == "polygon":
            points = [point.split(",") for point in element.attrib["points"].split(";")]
            return Shape(number, outlines=(np.array(points, np.float64),), order=order)
        return Shape(
            number,
            mask=_mask(element),
            left=int(element.attrib["left"]),
            top=int(element.attrib["top"]),
            order=order,
        )


def is_cvat(root: Path) -> bool:
    """Whether a folder has CVAT's XML."""
    return (root / FILE).is_file()


def open_cvat(root: Path, split: str = "") -> LabelledFolder:
    """The images that the XML names, with their shapes.

    Raises:
        DatasetError: it can't be understood, or the images are not there.
    """
    document = _parse(root / FILE)
    labels = [text for e in document.findall(".//meta//label/name") if (text := e.text)]
    colors = [e.findtext("color") for e in document.findall(".//meta//label")]
    if not labels:
        msg = f"{root / FILE}: expected labels in its meta: export as CVAT for images 1.1"
        raise DatasetError(msg)
    pairs, elements, missing = [], {}, []
    for element in document.findall("image"):
        name = element.get("name", "")
        image = _image(root, name)
        if image is None:
            missing.append(name)
            continue
        pairs.append(_pair(root, name, image))
        elements[image] = element
    chosen, taken = choose_split(pairs, split, root)
    ids = {label: number for number, label in enumerate(labels)}
    known = {n: color for n, color in enumerate(colors) if color and _is_color(color)}
    return LabelledFolder(
        root,
        LAYOUT,
        f"CVAT's {FILE}" + (f", split {taken}" if taken else ""),
        expect_pairs(chosen, root, f"the images that {FILE} names: save them with the export"),
        CvatReader(ids, elements),
        ontology_of(dict(enumerate(labels)), root.resolve().name, f"the labels of {FILE}", known),
        tuple(_notes(document, missing)),
    )


def _notes(document: ET.Element, missing: list[str]) -> Iterator[str]:
    if missing:
        yield f"{len(missing)} images named are not there: {missing[0]}"
    others = [e.tag for image in document.findall("image") for e in image if e.tag not in _AREAS]
    for tag in sorted(set(others) - {"tag"}):
        yield f"{others.count(tag)} shapes of kind {tag} left out: they enclose no pixels"


def _mask(element: ET.Element) -> NDArray[np.bool_]:
    """CVAT's run lengths: row by row, beginning with zeros; bool (h, w)."""
    height, width = int(element.attrib["height"]), int(element.attrib["width"])
    runs = np.array([int(word) for word in element.attrib["rle"].split(",")], np.int64)
    if (runs < 0).any() or int(runs.sum()) != height * width:
        msg = f"run lengths of {int(runs.sum())} pixels in {width}x{height}"
        raise ValueError(msg)
    return np.repeat(np.arange(runs.size) % 2 == 1, runs).reshape(height, width)


def _parse(path: Path) -> ET.Element:
    try:
        text = path.read_text(encoding="utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            msg = f"{path}: expected CVAT's XML, got one with entities of its own: export it again"
            raise DatasetError(msg)
        document = ET.fromstring(text)  # noqa: S314 (nothing in it can be expanded)
    except OSError as error:
        raise DatasetError(cant("read", path, error)) from error
    except (ET.ParseError, ValueError) as error:
        msg = f"{path}: expected CVAT's XML, got {error}: export it again"
        raise DatasetError(msg) from error
    if document.find("track") is not None:
        msg = f"{path}: has tracks of a video: export it as CVAT for images 1.1"
        raise DatasetError(msg)
    return document


def _image(root: Path, name: str) -> Path | None:
    """The file of a name, which stays inside the folder."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return None
    places = [root / "images" / name, root / name]
    places += [p / name for p in sorted((root / "images").glob("*")) if p.is_dir()]
    found = (p for p in places if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    return next(found, None)


def _pair(root: Path, name: str, image: Path) -> ImagePair:
    folders = list(Path(name).parent.parts)
    split = split_of(image.parent.name) or (split_of(folders[0]) if folders else "")
    sequence = "/".join(part for part in folders if not split_of(part))
    return ImagePair(image, root / FILE, sequence, Path(name).stem, split=split)


def _is_color(text: str) -> bool:
    return re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None

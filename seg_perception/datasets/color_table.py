"""What the colours of masks mean, as the tools that paint them write it down."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology, SemanticClass
from seg_perception.core.types import label_dtype

Rgb = tuple[int, int, int]
Entry = tuple[int, str, Rgb]
BACKGROUND = "background"
_MOST_NAMED = 8


@dataclass(frozen=True)
class ColorTable:
    """Ids and names of colours.

    Attributes:
        origin: the file, for sentences.
        entries: id, name and colour of each class.
        ignore: names of what is no class, such as CVAT's background.
        palettes: whether it tells of the colours in a PNG's palette, too; else their places
            are the ids.
    """

    origin: str
    entries: tuple[Entry, ...]
    ignore: tuple[str, ...] = ()
    palettes: bool = True

    @classmethod
    def of(cls, ontology: Ontology, origin: str) -> ColorTable:
        """The colours of an ontology, for masks that were painted in them."""
        entries = tuple((c.id, c.name, c.rgb) for c in ontology.classes)
        return cls(origin, entries, ontology.ignore, palettes=False)

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Sorted packed colours, and the id of each; of a shared colour the first id."""
        first: dict[int, int] = {}
        for number, _, (r, g, b) in self.entries:
            first.setdefault(r << 16 | g << 8 | b, number)
        ids = np.array([first[color] for color in sorted(first)])
        count = max(number for number, _, _ in self.entries) + 1
        return np.array(sorted(first), np.int64), ids.astype(label_dtype(count))

    def ids_of(self, rgb: NDArray[np.uint8], path: Path) -> NDArray[Any]:
        """The id of each pixel.

        Args:
            rgb: uint8 (H, W, 3).
            path: of the mask, for the sentence.

        Returns:
            uint8 or uint16 (H, W).

        Raises:
            DatasetError: a colour that the table does not have.
        """
        wide = rgb.astype(np.int64)
        packed = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
        colors, ids = self._places
        place = np.minimum(np.searchsorted(colors, packed), len(colors) - 1)
        strange = packed[colors[place] != packed]
        if strange.size:
            named = [f"#{color:06x}" for color in np.unique(strange)[:_MOST_NAMED].tolist()]
            msg = (
                f"{path}: colours {named} are not in {self.origin}: add them to it, and save masks "
                "as PNG, without smoothing"
            )
            raise DatasetError(msg)
        return np.asarray(ids[place])

    def ontology(self, name: str) -> Ontology:
        """The classes as an ontology."""
        classes = [
            SemanticClass(id=number, name=label, color="#{:02x}{:02x}{:02x}".format(*color))
            for number, label, color in self.entries
        ]
        data = {"name": name, "source": self.origin, "classes": classes, "ignore": self.ignore}
        return Ontology.parse(data, self.origin)


def find_color_table(root: Path) -> ColorTable | None:
    """The table that lies in a folder; None where there is none.

    Raises:
        DatasetError: there is one, and it can't be understood.
    """
    for pattern, parse in _FORMS.items():
        for path in sorted(root.glob(pattern)):
            return _read(path, parse)
    return None


def _read(path: Path, parse: Callable[[str], Iterator[Entry]]) -> ColorTable:
    try:
        entries = tuple(parse(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise DatasetError(cant("read", path, error)) from error
    except (ValueError, IndexError) as error:
        msg = f"{path}: expected a class and its red, green and blue in each line, got {error}"
        raise DatasetError(msg) from error
    if not entries:
        msg = f"{path}: expected a class and its red, green and blue in each line, got no line"
        raise DatasetError(msg)
    cvat = path.name == _CVAT and any(name == BACKGROUND for _, name, _ in entries)
    return ColorTable(path.name, entries, (BACKGROUND,) if cvat else ())


def _label_map(text: str) -> Iterator[Entry]:
    """CVAT: `name:r,g,b:parts:actions`; ids in the order of lines."""
    lines = filter(None, (line.partition("#")[0].strip() for line in text.splitlines()))
    for number, line in enumerate(lines):
        name, _, rest = line.partition(":")
        yield number, name, _rgb(rest.partition(":")[0].split(","))


def _class_dict(text: str) -> Iterator[Entry]:
    """A header, then `name,r,g,b`; ids in the order of lines."""
    rows = [row for row in csv.reader(text.splitlines()) if row]
    for number, row in enumerate(rows[1:]):
        yield number, row[0].strip(), _rgb(row[1:4])


def _color_first(text: str) -> Iterator[Entry]:
    """CamVid: `r g b name`; ids in the order of lines."""
    for number, line in enumerate(filter(None, map(str.split, text.splitlines()))):
        yield number, " ".join(line[3:]), _rgb(line[:3])


def _numbered(text: str) -> Iterator[Entry]:
    """RUGD: `id name r g b`."""
    for line in filter(None, map(str.split, text.splitlines())):
        yield int(line[0]), " ".join(line[1:-3]), _rgb(line[-3:])


def _rgb(parts: list[str]) -> Rgb:
    red, green, blue = (int(part) for part in parts)
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        msg = f"{red},{green},{blue}"
        raise ValueError(msg)
    return red, green, blue


_CVAT = "labelmap.txt"
_FORMS: dict[str, Callable[[str], Iterator[Entry]]] = {
    _CVAT: _label_map,
    "class_dict*.csv": _class_dict,
    "label_colors.txt": _color_first,
    "*colormap.txt": _numbered,
}

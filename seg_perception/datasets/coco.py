"""COCO's annotation files: outlines and run lengths of objects, or panoptic segments.

annotations/instances_val2017.json   images anywhere below the folder, by file name
annotations/panoptic_val2017.json    its PNGs in annotations/panoptic_val2017/
_annotations.coco.json               beside the images, as Roboflow writes it

Categories of all files are one set of ids; a pixel that no object covers has no truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import DatasetError
from seg_perception.core.types import label_dtype, unknown_id
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mask_folders import IMAGE_SUFFIXES
from seg_perception.datasets.masks import Ids
from seg_perception.datasets.names_ontology import ontology_of
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.shapes import Shape, decode_runs, draw_shapes, unpack_runs
from seg_perception.datasets.splits import choose_split, split_of
from seg_perception.io.image_files import decode_file

LAYOUT = "coco"
_KEYS = {"images", "annotations", "categories"}
_DAMAGE = (KeyError, TypeError, ValueError, IndexError, AttributeError)
_MOST_BYTES = 2 << 30
_HEAD = 4096


class CocoReader:
    """Reads the labels of the images of one or more annotation files."""

    def __init__(self, files: Mapping[Path, CocoFile], id_count: int) -> None:
        """Take the files, and one more than the largest id of their categories."""
        self._files, self._id_count = files, id_count

    @property
    def description(self) -> str:
        """Where the ids come from."""
        names = ", ".join(path.name for path in self._files)
        return f"ids are the categories in {names}; pixels without an object have no truth"

    def read(self, pair: ImagePair) -> Ids:
        """The ids of a pair's pixels, uint8 or uint16 (H, W).

        Raises:
            DatasetError: annotations that can't be read.
        """
        try:
            ids: Ids = self._files[pair.labels].draw(pair, self._id_count)
        except _DAMAGE as error:
            msg = (
                f"{pair.labels}: the annotations of {pair.name} can't be read ({error}): export "
                "them again"
            )
            raise DatasetError(msg) from error
        return ids


class CocoFile:
    """One annotation file."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            DatasetError: it is not COCO's.
        """
        self.path = path
        self._data = _read_json(path)
        try:
            self.categories = {int(c["id"]): str(c["name"]) for c in self._data["categories"]}
            self.images = {int(i["id"]): str(i["file_name"]) for i in self._data["images"]}
            self._sizes = {
                int(i["id"]): (int(i["height"]), int(i["width"])) for i in self._data["images"]
            }
        except _DAMAGE as error:
            msg = f"{path}: expected COCO's images, annotations and categories, got {error!r}"
            raise DatasetError(msg) from error

    @cached_property
    def _by_image(self) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for annotation in self._data["annotations"]:
            found.setdefault(int(annotation["image_id"]), []).append(annotation)
        return found

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {_key(name): number for number, name in self.images.items()}

    def draw(self, pair: ImagePair, id_count: int) -> NDArray[Any]:
        """The ids of an image's pixels, uint8 or uint16 (H, W)."""
        number = self._numbers[pair.name]
        annotations = self._by_image.get(number, [])
        if annotations and "segments_info" in annotations[0]:
            return self._panoptic(annotations[0], id_count)
        size = self._sizes[number]
        return draw_shapes((_shape(a) for a in annotations), size, id_count)

    def _panoptic(self, annotation: Mapping[str, Any], id_count: int) -> NDArray[Any]:
        """From a PNG whose colours number the segments: red + 256 green + 65536 blue."""
        path = self.path.with_suffix("") / str(annotation["file_name"])
        pixels = decode_file(path, cv2.IMREAD_COLOR)
        if pixels is None:
            msg = f"{path.name} can't be decoded"
            raise ValueError(msg)
        wide = pixels.astype(np.int64)
        numbers = wide[..., 2] + (wide[..., 1] << 8) + (wide[..., 0] << 16)
        ids = np.full(numbers.shape, unknown_id(id_count), label_dtype(id_count))
        for segment in annotation["segments_info"]:
            ids[numbers == int(segment["id"])] = int(segment["category_id"])
        return ids


def _shape(annotation: Mapping[str, Any]) -> Shape:
    category, outline = int(annotation["category_id"]), annotation.get("segmentation")
    if not outline:
        msg = f"annotation {annotation.get('id')} has a box and no outline"
        raise ValueError(msg)
    if isinstance(outline, Mapping):
        counts = outline["counts"]
        runs = unpack_runs(counts) if isinstance(counts, str) else counts
        height, width = outline["size"]
        return Shape(category, mask=decode_runs(runs, (int(height), int(width))))
    corners = tuple(np.asarray(part, np.float64).reshape(-1, 2) for part in outline)
    return Shape(category, outlines=corners)


def is_coco(root: Path) -> bool:
    """Whether a folder has annotation files of COCO's form."""
    return any(True for _ in _annotation_files(root))


def open_coco(root: Path, split: str = "") -> LabelledFolder:
    """The images that annotation files name, with those files.

    Raises:
        DatasetError: files that can't be understood, categories that differ, no images.
    """
    files = {path: CocoFile(path) for path in _chosen_files(root)}
    categories = _categories(files)
    places = _images_by_name(root)
    pairs, missing = [], []
    for path, file in files.items():
        part = _split(path)
        for name in file.images.values():
            image = _place(name, part, places)
            if image is None:
                missing.append(name)
            else:
                pairs.append(ImagePair(image, path, "", _key(name), split=part))
    chosen, taken = choose_split(pairs, split, root)
    notes = (f"{len(missing)} images named are not there: {missing[0]}",) if missing else ()
    names = ", ".join(str(path.relative_to(root)) for path in files)
    return LabelledFolder(
        root,
        LAYOUT,
        f"COCO annotations {names}" + (f", split {taken}" if taken else ""),
        expect_pairs(chosen, root, f"the images that {names} names, below this folder"),
        CocoReader(files, max(categories) + 1),
        ontology_of(categories, root.resolve().name, f"COCO categories of {names}"),
        notes,
    )


def _annotation_files(root: Path) -> Iterator[Path]:
    """JSON files that begin as COCO's do, at the root, in `annotations/` or in a split's folder."""
    for pattern in ("*.json", "annotations/*.json", "*/_annotations.coco.json"):
        for path in sorted(root.glob(pattern)):
            if path.is_file() and _looks_so(path):
                yield path


def _looks_so(path: Path) -> bool:
    """By its first keys, and in doubt by all: annotations stand anywhere in the file."""
    try:
        with path.open(encoding="utf-8") as stream:
            if not stream.read(_HEAD).lstrip().startswith("{"):
                return False
        data = _read_json(path)
    except (OSError, ValueError, DatasetError):
        return False
    return isinstance(data, dict) and set(data) >= _KEYS


def _chosen_files(root: Path) -> list[Path]:
    """Those with segments: where there are panoptic files, they alone; never key points."""
    found = list(_annotation_files(root))
    panoptic = [path for path in found if path.name.startswith("panoptic")]
    others = ("panoptic", "captions", "person_keypoints")
    return panoptic or [path for path in found if not path.name.startswith(others)]


def _categories(files: Mapping[Path, CocoFile]) -> dict[int, str]:
    categories: dict[int, str] = {}
    for path, file in files.items():
        for number, name in file.categories.items():
            if categories.setdefault(number, name) != name:
                msg = (
                    f"{path}: category {number} is {name!r} here and {categories[number]!r} in "
                    "another file: score one of them at a time"
                )
                raise DatasetError(msg)
    if not categories:
        msg = f"{next(iter(files), Path())}: expected categories, got none: export them, too"
        raise DatasetError(msg)
    return categories


def _images_by_name(root: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root).parts[:-1]
        if path.suffix.lower() in IMAGE_SUFFIXES and "panoptic" not in "".join(inner):
            found.setdefault(path.name, []).append(path)
    return found


def _place(name: str, split: str, places: Mapping[str, list[Path]]) -> Path | None:
    """The file of a name: where several have it, the one whose path fits best."""
    parts = Path(name).parts
    candidates = places.get(parts[-1] if parts else "", [])

    def fits(path: Path) -> tuple[int, bool]:
        same = sum(a == b for a, b in zip(reversed(path.parts), reversed(parts), strict=False))
        return same, any(split and split_of(part) == split for part in path.parts)

    return max(candidates, key=fits, default=None)


def _split(path: Path) -> str:
    """Of `instances_val2017.json`, or of the folder of `_annotations.coco.json`."""
    words = [path.parent.name, *path.stem.replace("-", "_").split("_")]
    return next((split for word in words if (split := split_of(word.rstrip("0123456789")))), "")


def _key(name: str) -> str:
    return Path(name).with_suffix("").as_posix()


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path}: expected at most {_MOST_BYTES >> 30} GiB of annotations: split the file"
            raise DatasetError(msg)
        return _parsed(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise DatasetError(cant("read", path, error)) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is not JSON: {error}"
        raise DatasetError(msg) from error


@lru_cache(maxsize=4)
def _parsed(path: Path, _written_ns: int) -> Any:
    """A file's content: it is asked for when the layout is guessed, and when it is opened."""
    return json.loads(path.read_text(encoding="utf-8"))

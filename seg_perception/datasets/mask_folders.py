"""Images and masks as people keep them: in two folders, or beside each other.

images/a.jpg              masks/a.png
images/train/a.jpg        masks/train/a_mask.png
train/images/a.jpg        train/labels/a.png
a.jpg                     a.png
a.png                     a_mask.png

Which of them it is, and what has no partner, is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import IMAGES, MASKS
from seg_perception.datasets.pairs import ImagePair
from seg_perception.datasets.splits import split_of

IMAGE_FOLDERS = (IMAGES, "image", "imgs", "img", "rgb", "photos", "JPEGImages")
MASK_FOLDERS = (
    MASKS,
    "masks",
    "mask",
    "labels",
    "label",
    "annotations",
    "annotation",
    "gt",
    "ground_truth",
    "segmentation",
    "semantic",
    "SegmentationClass",
)
# Codings of photographs lose ids; masks have one of the others.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")
IMAGE_ENDS = ("_image", "_rgb", "_img")
MASK_ENDS = (
    *("_mask", "_masks", "_label", "_labels", "_labelIds", "_labelids", "_labelTrainIds"),
    *("_gt", "_seg", "_segmentation", "_semantic", "_annotation", "_L", "-mask", "-label"),
)
_MOST_NAMED = 3


@dataclass(frozen=True)
class Match:
    """Pairs of two folders, or of one.

    Attributes:
        taken: for people, such as `images/ with masks/`.
        pairs: of image and mask.
        notes: what has no partner.
    """

    taken: str
    pairs: tuple[ImagePair, ...]
    notes: tuple[str, ...] = ()


def match_folders(root: Path) -> Match | None:
    """Pairs of a folder of images and one of masks; None where there are no two such folders.

    Raises:
        DatasetError: there are, and no names fit.
    """
    places = list(_places(root))
    if not places:
        return None
    # Of several folders of masks, the first by the table whose names fit.
    for images, masks in places:
        if found := _match(root, images, masks):
            others = sorted({m for i, m in places if i == images and m != masks})
            left = [m for m in others if _match(root, images, m)]
            notes = tuple(f"{m}/ has masks of these names, too: not taken" for m in left)
            return Match(found.taken, found.pairs, found.notes + notes)
    images, masks = places[0]
    msg = (
        f"{root}: no mask in {masks}/ has the name of an image in {images}/ (such as "
        f"{_example(root / images)} and {_example(root / masks)}): name masks as their images, "
        f"with one of {', '.join(MASK_ENDS[:4])} behind or nothing, as .png"
    )
    raise DatasetError(msg)


def match_beside(root: Path) -> Match | None:
    """Pairs that lie beside each other, in a folder or those below; None where there are none."""
    files = {PurePath(path.relative_to(root)): path for path in _files(root, IMAGE_SUFFIXES)}
    pairs: list[tuple[PurePath, Path, Path]] = []
    masks: set[PurePath] = set()
    for place, path in files.items():
        found = _beside(place, files)
        if found is not None and files[found] != path:
            pairs.append((place, path, files[found]))
            masks.add(found)
    kept = [(place, path, mask) for place, path, mask in pairs if place not in masks]
    if not kept:
        return None
    alone = [str(p) for p in files if p not in masks and p not in {place for place, *_ in kept}]
    return Match(
        "each image with the mask beside it",
        tuple(_pair(place, path, mask) for place, path, mask in kept),
        _alone("image", alone, "no mask beside it"),
    )


def _places(root: Path) -> Iterator[tuple[str, str]]:
    """Folders of images and of masks, relative to the root."""
    for masks in MASK_FOLDERS:
        for images in IMAGE_FOLDERS:
            if (root / images).is_dir() and (root / masks).is_dir():
                yield images, masks
    for masks in MASK_FOLDERS:
        for images in IMAGE_FOLDERS:
            if any(_split_first(root, images, masks)):
                yield f"*/{images}", f"*/{masks}"


def _split_first(root: Path, images: str, masks: str) -> Iterator[Path]:
    return (
        folder
        for folder in sorted(root.iterdir())
        if (folder / images).is_dir() and (folder / masks).is_dir() and split_of(folder.name)
    )


def _match(root: Path, images: str, masks: str) -> Match | None:
    """The pairs of two folders, each with those below it; None where no names fit."""
    photos, labels = _below(root, images, IMAGE_SUFFIXES), _below(root, masks, MASK_SUFFIXES)
    pairs = {place: mask for place in photos if (mask := _partner(place, labels)) is not None}
    if not pairs:
        return None
    unlabelled = [str(place) for place in photos if place not in pairs]
    unseen = [str(place) for place in labels if place not in set(pairs.values())]
    return Match(
        f"{images}/ with {masks}/",
        tuple(_pair(place, photos[place], labels[mask]) for place, mask in pairs.items()),
        (
            *_alone("image", unlabelled, f"no mask in {masks}/"),
            *_alone("mask", unseen, f"no image in {images}/"),
        ),
    )


def _below(root: Path, folder: str, suffixes: tuple[str, ...]) -> dict[PurePath, Path]:
    """Files by their place below a folder; with `*/FOLDER`, the split before it stands first."""
    split_first, _, name = folder.rpartition("/")
    bases = [root / name] if not split_first else [p / name for p in sorted(root.iterdir())]
    found = {}
    for base in bases:
        if split_first and not split_of(base.parent.name):
            continue
        before = PurePath(base.parent.name) if split_first else PurePath()
        for path in _files(base, suffixes):
            found[before / path.relative_to(base)] = path
    return found


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterable[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file())


def _partner(place: PurePath, labels: Mapping[PurePath, Path]) -> PurePath | None:
    """The mask of an image: of its own name, or with one of the usual ends."""
    for base in _bases(place.stem):
        for end in ("", *MASK_ENDS):
            for suffix in MASK_SUFFIXES:
                mask = place.with_name(f"{base}{end}{suffix}")
                if mask in labels:
                    return mask
    return None


def _beside(place: PurePath, files: Mapping[PurePath, Path]) -> PurePath | None:
    """As `_partner`, in one folder: a mask of the image's own name has another suffix."""
    for base in _bases(place.stem):
        for end in ("", *MASK_ENDS):
            for suffix in MASK_SUFFIXES:
                mask = place.with_name(f"{base}{end}{suffix}")
                photo = place.suffix.lower() in (".jpg", ".jpeg", ".webp")
                if mask in files and mask != place and (end or photo or base != place.stem):
                    return mask
    return None


def _bases(stem: str) -> list[str]:
    """A name, and what is left of it without an end that says `image`."""
    return [stem, *(stem.removesuffix(end) for end in IMAGE_ENDS if stem.endswith(end))]


def _pair(place: PurePath, image: Path, mask: Path) -> ImagePair:
    parts = list(place.parent.parts)
    split = split_of(parts[0]) if parts else ""
    sequence = "/".join(parts[1:] if split else parts)
    return ImagePair(image, mask, sequence, place.stem, split=split)


def _alone(what: str, names: list[str], why: str) -> tuple[str, ...]:
    if not names:
        return ()
    shown = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    count = f"{len(names)} {what}" + ("s" if len(names) != 1 else "")
    return (f"{count} left out, {why}: {shown}",)


def _example(folder: Path) -> str:
    parent = folder.parent.parent if folder.parent.name == "*" else None
    base = parent if parent is not None else folder
    files = _files(base, (*IMAGE_SUFFIXES, ".txt", ".json", ".npy"))
    return next((path.name for path in files), "nothing")

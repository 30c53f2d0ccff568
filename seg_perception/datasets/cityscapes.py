"""Cityscapes: `leftImg8bit/SPLIT/CITY/STEM_leftImg8bit.png`, and truth of the same stem.

gtFine/SPLIT/CITY/STEM_gtFine_labelIds.png        0 to 33
gtFine/SPLIT/CITY/STEM_gtFine_labelTrainIds.png   0 to 18, 255 ignored
gtFine/SPLIT/CITY/STEM_gtFine_color.png           colours of the first

Coarse truth (`gtCoarse`) is taken where there is no fine one.
"""

from __future__ import annotations

from pathlib import Path

from seg_perception.core.ontology import Ontology
from seg_perception.datasets.color_table import ColorTable
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.masks import MaskReader
from seg_perception.datasets.pairs import ImagePair, expect_pairs
from seg_perception.datasets.splits import choose_split, split_of

LAYOUT = "cityscapes"
_IMAGES, _END = "leftImg8bit", "_leftImg8bit.png"
_TRUTHS = ("gtFine", "gtCoarse")
# The form of the truth, and the ontology of its ids; the first that is there.
_FORMS = {
    "labelIds": "cityscapes",
    "labelTrainIds": "cityscapes_train",
    "color": "cityscapes",
}


def is_cityscapes(root: Path) -> bool:
    """Whether a folder has Cityscapes' images and truth."""
    return (root / _IMAGES).is_dir() and any((root / truth).is_dir() for truth in _TRUTHS)


def open_cityscapes(root: Path, split: str = "") -> LabelledFolder:
    """The images that have a truth; a city is a sequence.

    Raises:
        DatasetError: there are none.
    """
    truth = next((t for t in _TRUTHS if (root / t).is_dir()), _TRUTHS[0])
    images = sorted((root / _IMAGES).glob(f"*/*/*{_END}"))
    form, pairs = next(
        ((form, pairs) for form in _FORMS if (pairs := _pairs(root, truth, form, images))),
        ("labelIds", []),
    )
    chosen, taken = choose_split(pairs, split, root)
    ontology = Ontology.load(_FORMS[form])
    colors = ColorTable.of(ontology, "Cityscapes' colours") if form == "color" else None
    missing = len(images) - len(pairs)
    return LabelledFolder(
        root,
        LAYOUT,
        f"{_IMAGES}/ with {truth}/*_{form}.png" + (f", split {taken}" if taken else ""),
        expect_pairs(chosen, root, f"{_IMAGES}/SPLIT/CITY/*{_END} with {truth}/.../*_labelIds.png"),
        MaskReader(colors),
        ontology,
        (f"{missing} images left out: no *_{form}.png in {truth}/",) if missing else (),
    )


def _pairs(root: Path, truth: str, form: str, images: list[Path]) -> list[ImagePair]:
    found = []
    for image in images:
        stem, city = image.name.removesuffix(_END), image.parent
        labels = root / truth / city.parent.name / city.name / f"{stem}_{truth}_{form}.png"
        if labels.is_file():
            split = split_of(city.parent.name) or city.parent.name
            found.append(ImagePair(image, labels, city.name, stem, split=split))
    return found

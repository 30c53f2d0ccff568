"""Which teacher a folder holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.resources import bundle_path
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.inference.bundle import MANIFEST_FILE
from seg_perception.open_vocabulary.boxes import BoxTeacher
from seg_perception.open_vocabulary.prompts import Detector, MaskMaker
from seg_perception.open_vocabulary.teacher import Teacher
from seg_perception.open_vocabulary.teachers.clipseg import ClipsegTeacher
from seg_perception.open_vocabulary.teachers.closed import BundleTeacher
from seg_perception.open_vocabulary.teachers.folder import choose_device, find_folder
from seg_perception.open_vocabulary.teachers.grounding_dino import GroundingDino
from seg_perception.open_vocabulary.teachers.masks import SamMasks
from seg_perception.open_vocabulary.teachers.owlv2 import Owlv2
from seg_perception.open_vocabulary.teachers.sam3 import Sam3Teacher

Load = Callable[[ModelFolder, torch.device], Teacher]
# facebook/sam3 names the network for videos, which holds the one for pictures.
TEACHERS: Mapping[str, Load] = {
    "Sam3Model": Sam3Teacher,
    "Sam3VideoModel": Sam3Teacher,
    "CLIPSegForImageSegmentation": ClipsegTeacher,
}


DETECTORS: Mapping[str, Callable[[ModelFolder, torch.device], Detector]] = {
    "GroundingDinoForObjectDetection": GroundingDino,
    "Owlv2ForObjectDetection": Owlv2,
}


def open_teacher(source: str, masks_by: str = "", device: str = "") -> Teacher:
    """Load what a folder, a name of the hub or a bundle holds.

    Args:
        source: of it.
        masks_by: of the network that makes masks of boxes, where the teacher finds boxes.
        device: `cpu` or `cuda`; empty takes a GPU where there is one.

    Raises:
        OpenVocabularyError: no teacher, of another architecture, or incomplete.
        ImportModelError: its weights do not fit its configuration, or the hub refuses it.
        BundleError, EngineError: a bundle can't be loaded.
    """
    place = choose_device(device)
    if _is_bundle(source):
        _expect_no_masks(source, masks_by)
        return BundleTeacher(source)
    folder = find_folder(source)
    if detector := DETECTORS.get(folder.architecture):
        return BoxTeacher(detector(folder, place), open_masks(masks_by, source, place))
    load = TEACHERS.get(folder.architecture)
    if load is None:
        msg = (
            f"{source}: expected a teacher that is asked in words "
            f"({', '.join([*TEACHERS, *DETECTORS])}) or a bundle, got {folder.architecture}; "
            "`seg-perception import` makes a bundle of a network with classes of its own"
        )
        raise OpenVocabularyError(msg)
    _expect_no_masks(source, masks_by)
    return load(folder, place)


def open_masks(masks_by: str, source: str, device: torch.device) -> MaskMaker:
    """Load the network that makes masks of a teacher's boxes.

    Raises:
        OpenVocabularyError: none is named, or it takes no boxes.
        ImportModelError: its weights do not fit its configuration, or the hub refuses it.
    """
    if not masks_by:
        msg = (
            f"{source} finds boxes: name what makes masks of them with --masks-by, a folder or "
            "owner/name of SAM 2 or SAM 3"
        )
        raise OpenVocabularyError(msg)
    return SamMasks(find_folder(masks_by), device)


def _expect_no_masks(source: str, masks_by: str) -> None:
    if masks_by:
        msg = f"--masks-by {masks_by}: {source} makes its masks itself; leave it out"
        raise OpenVocabularyError(msg)


def _is_bundle(source: str) -> bool:
    shipped = bundle_path(source) if Path(source).name == source else Path(source)
    return any((place / MANIFEST_FILE).is_file() for place in (shipped, Path(source))) or (
        Path(source).suffix == ".zip"
    )

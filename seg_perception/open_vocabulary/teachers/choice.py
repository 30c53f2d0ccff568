"""Which teacher a folder holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.resources import bundle_path
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.inference.bundle import MANIFEST_FILE
from seg_perception.open_vocabulary.teacher import Teacher
from seg_perception.open_vocabulary.teachers.clipseg import ClipsegTeacher
from seg_perception.open_vocabulary.teachers.closed import BundleTeacher
from seg_perception.open_vocabulary.teachers.folder import choose_device, find_folder
from seg_perception.open_vocabulary.teachers.sam3 import Sam3Teacher

Load = Callable[[ModelFolder, torch.device], Teacher]
# facebook/sam3 names the network for videos, which holds the one for pictures.
TEACHERS: Mapping[str, Load] = {
    "Sam3Model": Sam3Teacher,
    "Sam3VideoModel": Sam3Teacher,
    "CLIPSegForImageSegmentation": ClipsegTeacher,
}


def open_teacher(source: str, masks_by: str = "", device: str = "") -> Teacher:
    """Load what a folder, a name of the hub or a bundle holds.

    Args:
        source: of it.
        device: `cpu` or `cuda`; empty takes a GPU where there is one.

    Raises:
        OpenVocabularyError: no teacher, of another architecture, or incomplete.
        ImportModelError: its weights do not fit its configuration, or the hub refuses it.
        BundleError, EngineError: a bundle can't be loaded.
    """
    del masks_by
    place = choose_device(device)
    if _is_bundle(source):
        return BundleTeacher(source)
    folder = find_folder(source)
    load = TEACHERS.get(folder.architecture)
    if load is None:
        msg = (
            f"{source}: expected a teacher that is asked in words ({', '.join(TEACHERS)}) or a "
            f"bundle, got {folder.architecture}; `seg-perception import` makes a bundle of a "
            "network with classes of its own"
        )
        raise OpenVocabularyError(msg)
    return load(folder, place)


def _is_bundle(source: str) -> bool:
    shipped = bundle_path(source) if Path(source).name == source else Path(source)
    return any((place / MANIFEST_FILE).is_file() for place in (shipped, Path(source))) or (
        Path(source).suffix == ".zip"
    )

"""Shows what `label` wrote: overlays and class ids, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError
from seg_perception.core.ontology import Ontology
from seg_perception.io.image_files import decode_file
from seg_perception.outputs.pictures import fit
from seg_perception.replay.labelled_folder import OVERLAYS
from seg_perception.viewing.bag_view import OPACITY_PAINTED, Open, Progress
from seg_perception.viewing.legends import Legend
from seg_perception.viewing.picture_size import resized_ids, shown_size
from seg_perception.viewing.recording import Recording
from seg_perception.viewing.streams import ImageView, Views
from seg_perception.viewing.summary import ViewSummary

_ONTOLOGY, _LABELS = "ontology.yaml", "labels"
_VIEW = ImageView("labels", OVERLAYS, _LABELS, 0, 0, painted=True)


def is_labelled_folder(path: Path) -> bool:
    """Whether a folder is one that `label` wrote."""
    return (path / _ONTOLOGY).is_file() and (path / OVERLAYS).is_dir()


def view_folder(
    path: Path, open_recording: Open, ontology: Ontology | None, progress: Progress
) -> ViewSummary:
    """Show a folder of labels.

    Args:
        path: of the folder.
        open_recording: opens the recording for the views that it is given.
        ontology: names and colours of the classes; None: as the folder has them.
        progress: called with how many images are done, and of how many.

    Raises:
        ConfigError: what the ids mean can't be read.
        ImageError: there are no labels, or some can't be read.
    """
    classes = ontology or Ontology.load(path / _ONTOLOGY)
    files = list(_label_files(path))
    if not files:
        msg = f"{path}: expected labels beside their overlays, found none; label it again"
        raise ImageError(msg)
    summary = ViewSummary(classes=classes.names)
    with open_recording(Views((_VIEW,), (), legend=True)) as recording:
        recording.classes(Legend.of(classes), always=True)
        for index, (labels, overlay) in enumerate(files):
            recording.number(index)
            _show(recording, labels, overlay)
            summary.images[labels.relative_to(path).as_posix()] = 1
            progress(index + 1, len(files))
    return summary


def _label_files(path: Path) -> Iterator[tuple[Path, Path]]:
    """Class ids and overlay of each image, in the order of their names."""
    for overlay in sorted((path / OVERLAYS).rglob("*.jpg")):
        name = overlay.relative_to(path / OVERLAYS)
        labels = path / name.parent / f"{name.name.removesuffix('.jpg')}.png"
        if labels.is_file():
            yield labels, overlay


def _show(recording: Recording, labels: Path, overlay: Path) -> None:
    ids = _decoded(labels, cv2.IMREAD_UNCHANGED)
    rgb = cv2.cvtColor(_decoded(overlay, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8)
    width, height = shown_size(rgb.shape[1], rgb.shape[0])
    recording.picture(OVERLAYS, fit(rgb, width, height))
    recording.labels(_LABELS, resized_ids(ids, width, height), OPACITY_PAINTED)


def _decoded(file: Path, flags: int) -> NDArray[np.uint8]:
    found = decode_file(file, flags)
    if found is None:
        msg = f"{file}: expected an image that can be decoded; label it again"
        raise ImageError(msg)
    return found

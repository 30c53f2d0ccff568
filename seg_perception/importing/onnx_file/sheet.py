"""The page that shows every trial: pictures to look at, numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.importing.onnx_file.trials import Trial
from seg_perception.outputs.pictures import overlay
from seg_perception.reports.embedded_images import ImageEmbedder
from seg_perception.reports.page import render, write_page

_PICTURE_BYTES = 9_000_000
_WIDTH = 360
_SHOWN = 3
_ALPHA = 0.5
_KEYS = 40


def write_sheet(
    page: Path,
    file: Path,
    frames: Sequence[NDArray[np.uint8]],
    trials: Sequence[Trial],
    ontology: Ontology,
    *,
    named: bool,
) -> None:
    """Write the page.

    Args:
        page: the HTML file.
        file: the model.
        frames: uint8 (H, W, 3) RGB at the network's size.
        trials: each with labels of these frames.
        ontology: of the labels.
        named: its names are the classes' own.

    Raises:
        ReportError: the disk refuses.
    """
    embedder = ImageEmbedder(_PICTURE_BYTES, _WIDTH)
    shown = sorted({round(n) for n in np.linspace(0, len(frames) - 1, _SHOWN)})
    originals = [embedder.photo(frames[n], f"frame {n}") for n in shown]
    rows = [_row(trial, frames, shown, ontology, embedder) for trial in trials]
    seen = sorted({int(i) for t in trials for s in t.segmentations for i in np.unique(s[0])})
    names = [i for i in seen if i in ontology.names][:_KEYS]
    text = render(
        "import_trials.html",
        file=file.name,
        originals=[picture for picture in originals if picture],
        rows=rows,
        frame_count=len(frames),
        named=named,
        colors=[(ontology.names[i], _hex(ontology, i)) for i in names],
        sections=[{"id": "numbers", "title": "Numbers"}, {"id": "pictures", "title": "Pictures"}],
    )
    write_page(page, text)


def _row(
    trial: Trial,
    frames: Sequence[NDArray[np.uint8]],
    shown: Sequence[int],
    ontology: Ontology,
    embedder: ImageEmbedder,
) -> dict[str, Any]:
    labels = [trial.segmentations[n][0] for n in shown]
    painted = [
        overlay(frames[n], one, ontology, _ALPHA) for n, one in zip(shown, labels, strict=True)
    ]
    pictures = [embedder.photo(picture, f"labels with {trial.options}") for picture in painted]
    return {"trial": trial, "pictures": [picture for picture in pictures if picture]}


def _hex(ontology: Ontology, number: int) -> str:
    return "#" + "".join(f"{part:02x}" for part in ontology.palette[number].tolist())

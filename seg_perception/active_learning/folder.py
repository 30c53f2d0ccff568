"""The folder that annotators work on, and training reads afterwards."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from seg_perception.active_learning.coco import CocoFile
from seg_perception.active_learning.cvat import CvatArchive, label_specification
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import IMAGES, MASKS
from seg_perception.datasets.mapping import FILES
from seg_perception.datasets.plain_folder import ONTOLOGY
from seg_perception.io.image_files import write_image
from seg_perception.outputs.pictures import colorize, encode_png

if TYPE_CHECKING:
    from typing_extensions import Self

COLOR, MAPPING = "color", FILES[0]
COCO, CVAT, CVAT_LABELS = "coco.json", "cvat_masks.zip", "cvat_labels.json"


class LabellingFolder:
    """Images, pre-labels in every form, and the mapping that training reads them with."""

    def __init__(self, folder: Path, ontology: Ontology) -> None:
        """Make the folder and what does not depend on the frames.

        Raises:
            DatasetError: an ontology that 8-bit masks or the label maps can't hold, or the disk
                refuses.
        """
        if ontology.unknown_id > np.iinfo(np.uint8).max:
            msg = (
                f"ontology {ontology.name}: masks have 8 bits, expected ids to 254, "
                f"got {ontology.id_count - 1}; use a model with fewer classes"
            )
            raise DatasetError(msg)
        self._folder, self._ontology = folder, ontology
        for part in (IMAGES, MASKS, COLOR):
            (folder / part).mkdir(parents=True)
        self._coco = CocoFile(ontology)
        self._cvat = CvatArchive(folder / CVAT, ontology)
        write_file(folder / CVAT_LABELS, label_specification(ontology), DatasetError)
        _write_yaml(folder / MAPPING, mapping(ontology))
        _write_yaml(folder / ONTOLOGY, ontology.model_dump(mode="json"))

    def __enter__(self) -> Self:
        """Use as a context."""
        self._cvat.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is one file for all frames."""
        self._cvat.__exit__(kind, error, trace)
        if error is None:
            self._coco.write(self._folder / COCO)

    def add(self, name: str, image: NDArray[np.uint8], labels: NDArray[Any]) -> None:
        """Add a frame.

        Args:
            name: of its files, without suffix.
            image: uint8 (H, W, 3), RGB.
            labels: uint8 (H, W), class ids, `unknown_id` where there is none.
        """
        file_name = f"{name}.png"
        write_file(self._folder / IMAGES / file_name, encode_png(image), DatasetError)
        write_image(self._folder / MASKS / file_name, labels, DatasetError)
        colors = colorize(labels, self._ontology.palette)
        write_file(self._folder / COLOR / file_name, encode_png(colors), DatasetError)
        self._coco.add(file_name, labels)
        self._cvat.add(name, labels)


def mapping(ontology: Ontology) -> dict[str, Any]:
    """The label mapping of the masks, as training reads it: each class is itself.

    Pixels without a label, and classes that are void in their data set, are ignored.
    """
    classes: dict[int, dict[str, Any]] = {
        c.id: {"name": c.name, "as": [] if c.name in ontology.ignore else [c.name]}
        for c in ontology.classes
    }
    classes[ontology.unknown_id] = {"name": "not labelled", "as": []}
    return {"source": "mined", "ontology": ontology.name, "classes": classes}


def _write_yaml(path: Path, document: Any) -> None:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=None)
    write_file(path, text, DatasetError)

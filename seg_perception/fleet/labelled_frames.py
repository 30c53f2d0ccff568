"""The frames of a labelled bag, a line each, and pictures of the least certain ones."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import FleetError, SegPerceptionError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.document import Document
from seg_perception.evaluation.ontologies import recorded_ontology
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.image_files import write_image
from seg_perception.io.images import decode_image, decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.remapped_bag import RemappedBag

FRAMES, PICTURES = "frames.jsonl", "pictures"
_LABELS, _CONFIDENCE, _OVERLAY = (
    f"/semantic/{name}" for name in ("label_image", "confidence", "overlay")
)
_SHOWN, _WIDTH = 6, 640
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 80)
# Of a pair of label image and confidence; other messages come between them, but not many frames.
_WAITING = 16


class LabelledFrame(Document):
    """One labelled image.

    Attributes:
        stream: the topic of its labels, up to `/semantic`.
        stamp_ns: of the image.
        confidence: mean, 0 to 1; None where it was not recorded.
        unknown: share of pixels without a label.
        largest: the class with most pixels, empty where there is none, and `share`, its part.
    """

    stream: str
    stamp_ns: int
    confidence: float | None = None
    unknown: float
    largest: str = ""
    share: float = 0.0

    @property
    def picture(self) -> str:
        """Where its overlay lies in the bag's folder, if it was kept."""
        return picture_name(self.stream, self.stamp_ns)


def picture_name(stream: str, stamp_ns: int) -> str:
    """The file of a frame's overlay, relative to the bag's folder."""
    return f"{PICTURES}/{stream.strip('/').replace('/', '_')}_{stamp_ns}.jpg"


def describe_frames(bag: Path, folder: Path) -> None:
    """Write `frames.jsonl` and a few pictures into a folder.

    Raises:
        FleetError: the disk refuses.
        BagError: the bag can't be read.
    """
    (folder / PICTURES).mkdir(exist_ok=True)
    frames = _Frames(bag, recorded_ontology(RemappedBag(bag)))
    with draft_file(folder / FRAMES, FleetError) as draft, draft.open("w") as lines:
        for frame in frames.read():
            lines.write(f"{frame.model_dump_json()}\n")
    for picture, overlay in frames.pictures.items():
        write_image(folder / picture, cv2.cvtColor(overlay, cv2.COLOR_RGB2BGR), FleetError, _JPEG)


class _Frames:
    """One pass over a labelled bag.

    Attributes:
        pictures: overlays, uint8 (H, W, 3), RGB, of the least certain frames, by file name.
    """

    def __init__(self, bag: Path, ontology: Ontology | None) -> None:
        self.pictures: dict[str, NDArray[np.uint8]] = {}
        self._bag, self._ontology = bag, ontology
        self._open: dict[tuple[str, int], dict[str, Any]] = {}
        self._shown: list[tuple[float, str]] = []

    def read(self) -> Iterator[LabelledFrame]:
        """Every frame, when its confidence is known or no longer waited for."""
        with BagReader(self._bag) as reader:
            names = {topic.name for topic in reader.topics if topic.count}
            ends = (_LABELS, _CONFIDENCE, _OVERLAY)
            for message in reader.messages({name for name in names if name.endswith(ends)}):
                stream, _, kind = message.topic.rpartition("/semantic/")
                key = stream, stamp_to_ns(message.message.header.stamp)
                self._take(key, kind, message.message)
                if len(self._open) > _WAITING:
                    yield self._close(next(iter(self._open)))
        for key in list(self._open):
            yield self._close(key)

    def _take(self, key: tuple[str, int], kind: str, message: Any) -> None:
        known = self._open.get(key, {})
        if kind == "label_image":
            self._open[key] = self._measured(decode_label_image(message))
        elif kind == "confidence":
            known["confidence"] = float(np.mean(decode_label_image(message))) / 255
        elif "confidence" in known:
            self._show(picture_name(*key), known["confidence"], message)

    def _measured(self, labels: NDArray[Any]) -> dict[str, Any]:
        unknown = np.iinfo(labels.dtype).max
        counts = np.bincount(labels.reshape(-1), minlength=unknown + 1)
        largest = int(np.argmax(counts[:unknown]))
        share = float(counts[largest] / labels.size)
        return {
            "unknown": float(counts[unknown] / labels.size),
            "largest": self._name(largest) if share else "",
            "share": share,
        }

    def _name(self, label: int) -> str:
        names: Mapping[int, str] = {} if self._ontology is None else self._ontology.names
        return names.get(label, str(label))

    def _show(self, name: str, confidence: float, message: Any) -> None:
        """Keep an overlay while it is among those of the least certain frames."""
        entry = -confidence, name
        if len(self._shown) == _SHOWN and entry <= self._shown[0]:
            return
        try:
            overlay = decode_image(message)
        except SegPerceptionError:
            return
        scale = min(1.0, _WIDTH / overlay.shape[1])
        self.pictures[name] = np.asarray(
            cv2.resize(overlay, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        heapq.heappush(self._shown, entry)
        if len(self._shown) > _SHOWN:
            del self.pictures[heapq.heappop(self._shown)[1]]

    def _close(self, key: tuple[str, int]) -> LabelledFrame:
        known = self._open.pop(key)
        return LabelledFrame(stream=key[0], stamp_ns=key[1], **known)

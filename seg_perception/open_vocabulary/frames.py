"""The pictures of a bag, a folder of photographs or a video, each with a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.summary import file_name
from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.errors import OpenVocabularyError, SegPerceptionError
from seg_perception.core.issue_log import IssueLog, log_faults
from seg_perception.core.message_accounting import stream as stream_name
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.video import Decoded
from seg_perception.io.video_packets import is_video
from seg_perception.pipeline.camera_images import CameraImages
from seg_perception.replay.decoding import ImageDecoder
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.photo_sources import open_source


@dataclass(frozen=True, eq=False)
class NamedFrame:
    """One picture.

    Attributes:
        name: of its files, without suffix.
        image: uint8 (H, W, 3), RGB.
        blank: bool (H, W), where nothing was photographed; None where that is nowhere.
        stream: what is amiss with it is said of this: `camera.front`; empty of photographs.
    """

    name: str
    image: NDArray[np.uint8]
    blank: NDArray[np.bool_] | None = None
    stream: str = ""


class FrameSource(Protocol):
    """Where pictures come from; the same ones each time.

    Attributes:
        origin: the path.
        count: how many there are about; 0 where that is not known.
        notes: what is to be said of those that were left out, once they were read.
    """

    origin: str
    count: int
    notes: list[str]

    def frames(self) -> Iterator[NamedFrame]:
        """Every picture, in order."""
        ...


class PhotoFrames:
    """Image files or a video, named by their place below the folder."""

    def __init__(self, path: Path, output: Path, every: int) -> None:
        """Look what is there.

        Raises:
            ImageError: nothing that can be labelled, or the output is in use.
        """
        self._source = open_source(path, output, every)
        self.origin, self.count = str(path), self._source.count
        self.notes: list[str] = []

    def frames(self) -> Iterator[NamedFrame]:
        """Every picture.

        Raises:
            ImageError: one can't be decoded.
            OpenVocabularyError: two would share a name.
        """
        taken: dict[str, Path] = {}
        for picture in self._source.pictures():
            name = "__".join(picture.place.parts)
            if name in taken:
                msg = f"{taken[name]} and {picture.place}: would share {name}.png; rename one"
                raise OpenVocabularyError(msg)
            taken[name] = picture.place
            yield NamedFrame(name, picture.photograph.image, picture.photograph.blank)
        self.notes[:] = self._source.notes


class BagFrames:
    """The pictures of a bag's cameras, named by camera and stamp."""

    def __init__(self, bag: BagSource, config: Config, every: int) -> None:
        """Look what is there; of each camera each so-many-th picture is taken.

        Raises:
            BagError: the bag can't be read, or has no camera that is configured.
        """
        self._bag, self._every = bag, every
        with BagReader(bag) as reader:
            self._config = with_full_names(config, {topic.name for topic in reader.topics})
            self._cameras = dict(find_inputs(reader, self._config).images)
            counts = {topic.name: topic.count for topic in reader.topics}
        self.count = sum(-(-counts[topic] // every) for topic in self._cameras)
        self.origin = str(Path(getattr(bag, "path", bag)))
        self.notes: list[str] = []

    def frames(self) -> Iterator[NamedFrame]:
        """Every picture that can be decoded; the others are counted in the notes.

        Raises:
            BagError: the bag can't be read on.
            UnknownEncodingError: a camera's pictures are depths.
        """
        issues = IssueLog(log_faults)
        images = CameraImages(self._config.cameras, issues)
        with BagReader(self._bag) as reader:
            for decoded in self._chosen(reader):
                camera = self._cameras[decoded.tag.topic]
                try:
                    pixels = decoded.pixels()
                except SegPerceptionError as error:
                    issues.add_error(stream_name("camera", camera), error)
                    continue
                stamp = stamp_to_ns(header_of(decoded.tag.message).stamp)
                image = images.rgb(camera, pixels, decoded.tag.message)
                yield NamedFrame(
                    file_name(camera, stamp), image, stream=stream_name("camera", camera)
                )
        self.notes[:] = [str(issue) for issue in issues.all()]

    def _chosen(self, reader: BagReader) -> Iterator[Decoded[BagMessage]]:
        """Each so-many-th picture; of a stream all are decoded, since each needs the last."""
        decoder, turns = ImageDecoder(), Turns(self._every)
        for message in reader.messages(set(self._cameras)):
            if is_video(message.message):
                yield from turns.of(decoder.take(message))
            elif turns.is_next(message.topic):
                yield from decoder.take(message)
        yield from turns.of(decoder.finish())


class Turns:
    """Takes each so-many-th of every topic, the first one first."""

    def __init__(self, every: int) -> None:
        """Start before the first."""
        self._every = every
        self._seen: Counter[str] = Counter()

    def is_next(self, topic: str) -> bool:
        """Count one of a topic; whether it is taken."""
        self._seen[topic] += 1
        return (self._seen[topic] - 1) % self._every == 0

    def of(self, pictures: Iterable[Decoded[BagMessage]]) -> Iterator[Decoded[BagMessage]]:
        """Those of a stream's pictures that are taken."""
        return (picture for picture in pictures if self.is_next(picture.tag.topic))

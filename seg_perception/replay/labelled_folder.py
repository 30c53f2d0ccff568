"""Labels of image files as a folder: class ids, overlays to look at, and what the ids mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from seg_perception.config import OutputConfig
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ImageError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.augmented import AugmentedSegmenter
from seg_perception.io.image_files import write_image
from seg_perception.io.photographs import Photograph
from seg_perception.io.video_writer import video_writer
from seg_perception.outputs.labelled_video import LabelledVideo, VideoSummary
from seg_perception.outputs.pictures import Labels, legend_strip, overlay
from seg_perception.replay.photo_sources import LEGEND, PhotoSource

OVERLAYS = "overlays"
_ALPHA = OutputConfig().overlay_alpha
_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 92)
_LEGEND_PX = 720


@dataclass(frozen=True)
class LabelledFolder:
    """Where labels of image files go.

    Attributes:
        folder: class ids as PNG, under the images' own paths; `ontology.yaml` and `legend.png`
            say what they mean, and `overlays/` shows them over the images.
        ontology: of the ids.
    """

    folder: Path
    ontology: Ontology

    def write_meaning(self) -> None:
        """Write what the ids mean, for programs and for people.

        Raises:
            ImageError: the disk refuses it.
        """
        document = self.ontology.model_dump(mode="json")
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        write_file(self.folder / "ontology.yaml", text, ImageError)
        strip = legend_strip(self.ontology, self.ontology.names, _LEGEND_PX)
        file = self.folder / f"{LEGEND}.png"
        write_image(file, cv2.cvtColor(strip, cv2.COLOR_RGB2BGR).astype(np.uint8), ImageError)

    def write(self, place: Path, photograph: Photograph, labels: Labels) -> None:
        """Write the labels of a picture, and its overlay.

        Raises:
            ImageError: the disk refuses them.
        """
        write_image(_beside(self.folder, place, ".png"), labels, ImageError)
        mixed = overlay(photograph.image, labels, self.ontology, _ALPHA)
        bgr = cv2.cvtColor(mixed, cv2.COLOR_RGB2BGR).astype(np.uint8)
        write_image(_beside(self.folder / OVERLAYS, place, ".jpg"), bgr, ImageError, _QUALITY)


def label_files(
    segmenter: AugmentedSegmenter,
    source: PhotoSource,
    output: LabelledFolder,
    video: Path | None,
    advance: Callable[[int, int], None],
) -> tuple[int, VideoSummary | None]:
    """Label every picture; memory does not grow with their number.

    Args:
        segmenter: labels an image.
        source: of the pictures.
        output: takes the labels.
        video: a new .mp4 file of the overlays; None: no video.
        advance: is told how many of how many are done.

    Returns:
        How many there were, and what became of the video.

    Raises:
        ConfigError: the video can't be made.
        ImageError: an image can't be decoded, or the disk refuses a file.
        EngineError: the engine failed.
    """
    done = 0
    with _filmed(video, output.ontology) as film:
        for done, picture in enumerate(source.pictures(), start=1):
            labels = _labels(segmenter, picture.photograph, output.ontology)
            if done == 1:
                output.write_meaning()
            output.write(picture.place, picture.photograph, labels)
            if film is not None:
                film.add_image("", picture.time_ns, picture.photograph.image, labels)
            advance(done, max(done, source.count))
        summary = film.finish(str(video)) if film is not None else None
    return done, summary


@contextmanager
def _filmed(video: Path | None, ontology: Ontology) -> Iterator[LabelledVideo | None]:
    if video is None:
        yield None
        return
    with video_writer(video) as writer:
        yield LabelledVideo(writer, ontology, ("",), _ALPHA)


def _labels(segmenter: AugmentedSegmenter, photograph: Photograph, ontology: Ontology) -> Labels:
    labels, _ = segmenter.label(photograph.image)
    if photograph.blank is not None:
        labels[photograph.blank] = ontology.unknown_id
    return labels


def _beside(folder: Path, place: Path, ending: str) -> Path:
    # Not `with_suffix`, which takes what follows a point in a name for an ending.
    return folder / place.parent / f"{place.name}{ending}"

"""What is shown, as Rerun has it: entities are called like topics, frames like ROS's frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import ConfigError, SegPerceptionError
from seg_perception.geometry.quaternion import matrix_to_quaternion
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.outputs.pictures import legend_strip
from seg_perception.viewing.layout import LEGEND_ENTITY, MAP_ENTITY, view_layout
from seg_perception.viewing.legends import Legend
from seg_perception.viewing.rerun_library import expect_display, load_rerun
from seg_perception.viewing.streams import Views

TIMELINE, NUMBERS = "stamp", "number"
_APPLICATION = "seg_perception"
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 85)
# Widths of legends of few and of many classes.
_LEGEND_PX, _LONG_LEGEND_PX, _MANY = 540, 1080, 24
_AXES_M = 0.25
# Seen on a dark ground, and like none of the classes.
_UNKNOWN_RGB = (90, 90, 90)


class Recording:
    """Takes pictures, labels, clouds and transforms, each at its stamp."""

    def __init__(self, rerun: Any, stream: Any) -> None:
        """Write to a stream of Rerun's."""
        self._rerun = rerun
        self._stream = stream
        self._framed: dict[str, str] = {}

    def at(self, stamp_ns: int) -> None:
        """Set the time of what comes next."""
        self._stream.set_time(TIMELINE, timestamp=np.datetime64(stamp_ns, "ns"))

    def number(self, index: int) -> None:
        """Set which one of pictures without stamps comes next."""
        self._stream.set_time(NUMBERS, sequence=index)

    def classes(self, legend: Legend, *, always: bool) -> None:
        """Name and colour class ids: always, or from the time that was set."""
        self._stream.log("/", self._context(legend), static=always)
        names = legend.ontology.names
        strip = legend_strip(legend.ontology, names, _legend_px(len(names)))
        self._stream.log(LEGEND_ENTITY, self._rerun.Image(strip), static=always)

    def classes_of(self, topic: str, legend: Legend | None) -> None:
        """Name and colour the class ids of one topic otherwise, or leave them numbers."""
        context = self._rerun.AnnotationContext([]) if legend is None else self._context(legend)
        self._stream.log(self._entity(topic), context, static=True)

    def picture(self, topic: str, rgb: NDArray[np.uint8]) -> None:
        """Show a picture, uint8 (H, W, 3), RGB."""
        _, file = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _JPEG)
        image = self._rerun.EncodedImage(contents=file.tobytes(), media_type="image/jpeg")
        self._stream.log(self._entity(topic), image)

    def labels(
        self, topic: str, ids: NDArray[np.uint8] | NDArray[np.uint16], opacity: float
    ) -> None:
        """Show class ids, (H, W), over what else is there."""
        image = self._rerun.SegmentationImage(np.ascontiguousarray(ids), opacity=opacity)
        self._stream.log(self._entity(topic), image)

    def clear(self, topic: str) -> None:
        """Show nothing of a topic until something new comes."""
        self._stream.log(self._entity(topic), self._rerun.Clear(recursive=False))

    def points(
        self,
        topic: str,
        frame: str,
        xyz: NDArray[np.float32],
        ids: NDArray[np.uint8] | NDArray[np.uint16] | None,
        colors: NDArray[np.uint8] | None,
    ) -> None:
        """Show points.

        Args:
            topic: where they come from.
            frame: of their coordinates.
            xyz: float32 (N, 3), metre.
            ids: class ids (N,), whose colours they get.
            colors: uint8 (N, 3), RGB, where there are no ids.
        """
        entity = self._entity(topic)
        if self._framed.get(topic) != frame:
            self._framed[topic] = frame
            self._stream.log(entity, self._rerun.CoordinateFrame(frame))
        self._stream.log(entity, self._rerun.Points3D(xyz, class_ids=ids, colors=colors))

    def map(
        self,
        xyz: NDArray[np.float32],
        ids: NDArray[np.uint16] | None,
        colors: NDArray[np.uint8] | None,
    ) -> None:
        """Show points, as in `points`, that hold at all times and have no frame."""
        cloud = self._rerun.Points3D(xyz, class_ids=ids, colors=colors)
        self._stream.log(MAP_ENTITY, cloud, static=True)

    def transform(self, transform: StampedTransform, *, always: bool) -> None:
        """Place a frame in its parent: always, or from the time that was set."""
        T, entity = transform.T_parent_child, self._entity(f"tf/{transform.child}")
        if f"tf/{transform.child}" not in self._framed:
            self._framed[f"tf/{transform.child}"] = transform.child
            frame = self._rerun.CoordinateFrame(transform.child)
            self._stream.log(entity, frame, self._rerun.TransformAxes3D(_AXES_M), static=True)
        placed = self._rerun.Transform3D(
            translation=T[:3, 3],
            quaternion=matrix_to_quaternion(T[:3, :3]),
            parent_frame=transform.parent,
            child_frame=transform.child,
        )
        self._stream.log(entity, placed, static=always)

    def _context(self, legend: Legend) -> Any:
        info = self._rerun.AnnotationInfo
        classes = [info(c.id, c.name, c.rgb) for c in legend.ontology.classes]
        if legend.unknown_id not in legend.ontology.names:
            classes.append(info(legend.unknown_id, "unknown", _UNKNOWN_RGB))
        return self._rerun.AnnotationContext(classes)

    def _entity(self, topic: str) -> str:
        return str(self._rerun.new_entity_path(topic.strip("/").split("/")))


def _legend_px(classes: int) -> int:
    return _LONG_LEGEND_PX if classes > _MANY else _LEGEND_PX


@contextmanager
def saved_recording(path: Path, views: Views) -> Iterator[Recording]:
    """A recording that becomes a file, which is there whole or not at all.

    Raises:
        ConfigError: the file is there already, or can't be written.
        SegPerceptionError: Rerun is not installed.
    """
    if path.exists():
        msg = f"{path} exists; expected the name of a new file, remove it or choose another"
        raise ConfigError(msg)
    rerun, blueprint = load_rerun()
    with draft_file(path, ConfigError) as draft, _stream(rerun) as stream:
        stream.save(draft, default_blueprint=view_layout(blueprint, views))
        yield Recording(rerun, stream)


@contextmanager
def shown_recording(views: Views) -> Iterator[Recording]:
    """A recording that a viewer shows while it grows; the viewer stays open.

    Raises:
        SegPerceptionError: Rerun is not installed, or there is no display.
    """
    rerun, blueprint = load_rerun()
    expect_display()
    with _stream(rerun) as stream:
        try:
            stream.spawn(default_blueprint=view_layout(blueprint, views))
        except (OSError, RuntimeError) as error:
            msg = f"Rerun's viewer does not start ({error}); use --save FILE.rrd"
            raise SegPerceptionError(msg) from error
        yield Recording(rerun, stream)


@contextmanager
def _stream(rerun: Any) -> Iterator[Any]:
    """A stream of Rerun's with one timeline."""
    stream = rerun.RecordingStream(_APPLICATION)
    stream.set_log_time_enabled(False)
    stream.set_log_tick_enabled(False)
    try:
        yield stream
        stream.flush()
    finally:
        stream.disconnect()

"""A replay's results on their way to where they go, drawn into a video as they pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap, SemanticCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.video_writer import VideoWriter, video_writer
from seg_perception.outputs.heading import heading
from seg_perception.outputs.labelled_video import LabelledVideo, VideoSummary
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.replay.sink import Sink


class VideoSink:
    """Draws label maps and clouds, and hands everything on."""

    def __init__(self, sink: Sink, writer: VideoWriter, config: Config, ontology: Ontology) -> None:
        """Start without a picture.

        Args:
            sink: takes all that comes.
            writer: takes the pictures; who opened it finishes it.
            config: which sensors there are, and the colours.
            ontology: of the labels.
        """
        self._sink = sink
        self._transforms: TransformTree | None = None
        self._first_camera, self._camera_frame = next(iter(config.cameras)), ""
        with_clouds = bool(config.cloud_sensors)
        self._video = LabelledVideo(
            writer,
            ontology.recolored(config.output.colors),
            tuple(config.cameras),
            config.output.overlay_alpha,
            config.synchronizer.max_wait_s if with_clouds else 0.0,
            with_clouds=with_clouds,
        )

    def turn_by(self, transforms: TransformTree) -> None:
        """Draw clouds from now on as the robot stands, where these say how."""
        self._transforms = transforms

    def finish(self, file: Path) -> VideoSummary:
        """Draw what waits."""
        return self._video.finish(str(file))

    def write_legend(self, now_ns: int) -> None:
        """Hand on."""
        self._sink.write_legend(now_ns)

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Hand on, and draw."""
        self._sink.write_label_map(label_map, frame, now_ns)
        if label_map.camera == self._first_camera:
            self._camera_frame = label_map.frame_id
        self._video.add_image(label_map.camera, label_map.stamp_ns, frame.image, label_map.labels)

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Hand on, and draw.

        Raises:
            CloudError: as whoever takes it.
        """
        self._sink.write_cloud(semantic, now_ns)
        cloud = semantic.cloud
        xyz = self._turned(cloud.xyz, cloud.frame_id, cloud.stamp_ns)
        self._video.add_cloud(semantic.sensor, cloud.stamp_ns, xyz, semantic.labels)

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """Hand on."""
        return self._sink.write_map(mapper, now_ns)

    def pass_on(self, message: BagMessage) -> None:
        """Hand on."""
        self._sink.pass_on(message)

    def _turned(
        self, xyz: NDArray[np.float32], frame_id: str, stamp_ns: int
    ) -> NDArray[np.float32]:
        """Points as the robot stands, where that is known."""
        if self._transforms is None:
            return xyz
        T = heading(self._transforms, frame_id, self._camera_frame, stamp_ns)
        turned: NDArray[np.float32] = (xyz @ T[:3, :3].T + T[:3, 3]).astype(np.float32)
        return turned


class ReplayVideo:
    """The video of a replay.

    Attributes:
        summary: what became of it, at the end.
    """

    def __init__(self, writer: VideoWriter, path: Path) -> None:
        """Start without a sensor; the writer is of whoever opened it."""
        self.summary: VideoSummary | None = None
        self._writer, self._path = writer, path
        self._sink: VideoSink | None = None

    def film(self, sink: Sink, config: Config, ontology: Ontology) -> Sink:
        """What draws all that goes to a sink, and hands it on."""
        self._sink = VideoSink(sink, self._writer, config, ontology)
        return self._sink

    def turn_by(self, transforms: TransformTree) -> None:
        """Draw clouds as the robot stands, where these say how."""
        if self._sink is not None:
            self._sink.turn_by(transforms)

    def finish(self) -> None:
        """Draw what waits."""
        if self._sink is not None:
            self.summary = self._sink.finish(self._path)


class NoVideo:
    """Stands where no video was asked for."""

    summary: VideoSummary | None = None

    def film(self, sink: Sink, _config: Config, _ontology: Ontology) -> Sink:
        """The sink itself."""
        return sink

    def turn_by(self, transforms: TransformTree) -> None:
        """Nothing is drawn."""


@contextmanager
def replay_video(path: Path | None) -> Iterator[ReplayVideo | NoVideo]:
    """The video of a replay, which has its name when it is complete; None: there is none.

    Raises:
        ConfigError, OutputError: as `video_writer`.
    """
    if path is None:
        yield NoVideo()
        return
    with video_writer(path) as writer:
        video = ReplayVideo(writer, path)
        yield video
        video.finish()

"""The labelled drive as a video: the front camera's overlay, and the clouds from above."""

from __future__ import annotations

from pathlib import Path

from seg_perception.core.ontology import Ontology
from seg_perception.demo.drive import DemoScan, Drive, transform_points
from seg_perception.io.video_writer import video_writer
from seg_perception.outputs.labelled_video import LabelledVideo, VideoSummary

_ALPHA = 0.55
# Longer than any cloud takes.
_WAIT_S = 1.0


def draw_video(drive: Drive, ontology: Ontology, path: Path) -> VideoSummary:
    """Draw every picture that was labelled, in the order in which results were recorded.

    Args:
        drive: with its recordings.
        ontology: of the labels.
        path: a new .mp4 file.

    Raises:
        ConfigError: no such file can be made here.
        OutputError: the disk refuses it.
        BagError: a recording can't be read.
    """
    cameras = (drive.camera_name,)
    with video_writer(path) as writer:
        video = LabelledVideo(writer, ontology, cameras, _ALPHA, _WAIT_S, with_clouds=True)
        for sensor, result in drive.results():
            if isinstance(result, DemoScan):
                T = drive.transforms.lookup(drive.base_frame, result.frame_id, result.stamp_ns)
                xyz = transform_points(T, result.xyz)
                video.add_cloud(sensor, result.stamp_ns, xyz, result.labels)
            else:
                video.add_image(sensor, result.stamp_ns, result.image, result.labels)
        return video.finish(str(path))

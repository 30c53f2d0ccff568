"""Pictures of a labelled drive: overlays, painted clouds, maps from above."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ReportError
from seg_perception.core.ontology import Ontology
from seg_perception.demo.drive import DemoScan, Drive, Frame, stamps_at, transform_points
from seg_perception.outputs.birds_eye import BirdsEye
from seg_perception.outputs.pictures import (
    Rgb,
    above,
    beside,
    colorize,
    encode_png,
    legend_strip,
    overlay,
    paint_points,
    titled,
)

_DRAWN_AT = (0.2, 0.5, 0.8)
_ALPHA = 0.55
_SCAN = BirdsEye(range_m=30.0, ceiling_m=2.0)
_MAP = BirdsEye(range_m=30.0, ceiling_m=2.0, with_legend=False)
_SWEEP = BirdsEye(range_m=25.0, size_px=800, ceiling_m=2.0, with_legend=False)
_MAP_EVERY = 4
_POINT_PX = 4


class DemoRenderer:
    """Draws a drive with the colours of two ontologies."""

    def __init__(self, drive: Drive, predicted: Ontology, true: Ontology) -> None:
        """Choose the frames that are drawn."""
        self._drive = drive
        self._predicted = predicted
        self._true = true
        stamps = drive.label_stamps()
        self._frames = drive.frames(stamps_at(stamps, _DRAWN_AT))

    def draw(self, folder: Path) -> tuple[Path, ...]:
        """Write all pictures.

        Returns:
            The files, the most telling one first; none where no image was labelled.
        """
        if not self._frames:
            return ()
        middle = self._frames[len(self._frames) // 2]
        scans = {n: self._drive.nearest_scan(n, middle.stamp_ns) for n in self._drive.sensors}
        drawn = {"demo": self._poster(middle, scans[self._drive.lidar])}
        for number, frame in enumerate(self._frames, start=1):
            drawn[f"overlay_{number}"] = self._overlay(frame)
        for name, scan in scans.items():
            drawn[f"birds_eye_{name}"] = self._from_above(scan, name)
        drawn["remembered"] = self._without_and_with_memory(self._frames[-1].stamp_ns)
        return tuple(_write(folder / f"{name}.png", picture) for name, picture in drawn.items())

    def _poster(self, frame: Frame, scan: DemoScan) -> Rgb:
        """Overlay and painted cloud on the left, the map of the whole drive on the right."""
        left = above(self._labels(frame), titled(self._painted(frame, scan), "lidar, labelled"))
        picture = beside(left, self._map())
        shown = np.unique(frame.labels).tolist()
        return above(picture, legend_strip(self._predicted, shown, picture.shape[1]))

    def _overlay(self, frame: Frame) -> Rgb:
        truth = titled(colorize(frame.truth, self._true.palette), "truth of the simulator")
        picture = beside(self._labels(frame), truth)
        shown = np.unique(frame.labels).tolist()
        if self._true.name == self._predicted.name:
            shown += np.unique(frame.truth).tolist()
        return above(picture, legend_strip(self._predicted, shown, picture.shape[1]))

    def _labels(self, frame: Frame) -> Rgb:
        return titled(
            overlay(frame.image, frame.labels, self._predicted, _ALPHA), "image, labelled"
        )

    def _painted(self, frame: Frame, scan: DemoScan) -> Rgb:
        """The labelled points of a scan in the picture, by the drive's own motion."""
        drive = self._drive
        T_camera_lidar = drive.transforms.lookup_between(
            drive.camera_frame, frame.stamp_ns, scan.frame_id, scan.stamp_ns, drive.fixed_frame
        )
        known = scan.labels != self._predicted.unknown_id
        seen = drive.camera.project(transform_points(T_camera_lidar, scan.xyz[known]))
        colors = self._predicted.palette[scan.labels[known]]
        ok = seen.valid
        return paint_points(frame.image, seen.uv[ok], colors[ok], seen.depth[ok], _POINT_PX)

    def _from_above(self, scan: DemoScan, name: str, drawn: BirdsEye = _SCAN) -> Rgb:
        drive = self._drive
        T_base_sensor = drive.transforms.lookup(drive.base_frame, scan.frame_id, scan.stamp_ns)
        xyz = transform_points(T_base_sensor, scan.xyz)
        return drawn.draw(xyz, scan.labels, self._predicted, name.replace("_", " "))

    def _without_and_with_memory(self, stamp_ns: int) -> Rgb:
        """A late scan of the lidar: what is seen, and what is remembered beside it."""
        scan = self._drive.nearest_scan(self._drive.lidar, stamp_ns)
        unknown = np.uint16(self._predicted.unknown_id)
        seen = replace(scan, labels=np.where(scan.remembered, unknown, scan.labels))
        left = self._from_above(seen, "seen now", _SWEEP)
        right = self._from_above(scan, "and remembered", _SWEEP)
        shown = np.unique(scan.labels[scan.labels != unknown]).tolist()
        picture = beside(left, right)
        return above(picture, legend_strip(self._predicted, shown, picture.shape[1]))

    def _map(self) -> Rgb:
        """Labelled points of the whole drive, around the robot's place at its middle."""
        drive = self._drive
        scans = [s for n, s in enumerate(drive.scans(drive.lidar)) if n % _MAP_EVERY == 0]
        here = scans[len(scans) // 2].stamp_ns
        parts, labels = [], []
        for scan in scans:
            known = scan.labels != self._predicted.unknown_id
            T = drive.transforms.lookup_between(
                drive.base_frame, here, scan.frame_id, scan.stamp_ns, drive.fixed_frame
            )
            parts.append(transform_points(T, scan.xyz[known]))
            labels.append(scan.labels[known])
        xyz, title = np.concatenate(parts), "lidar from above: the whole drive"
        return _MAP.draw(xyz, np.concatenate(labels), self._predicted, title)


def _write(file: Path, picture: Rgb) -> Path:
    write_file(file, encode_png(picture), ReportError)
    return file

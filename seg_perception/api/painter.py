"""A cloud and its views through the core that node and replay use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from seg_perception.api.cloud_labels import CloudLabels
from seg_perception.api.image_labels import NO_STAMP_NS
from seg_perception.api.mounting import expect_optical
from seg_perception.api.notices import warn, warn_of
from seg_perception.api.placement import Placement, Scene
from seg_perception.api.view import View
from seg_perception.config import Config, LidarConfig, RadarConfig
from seg_perception.core.errors import CloudError, ConfigError, TransformError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS, CameraFrame, LabelMap, PointCloud
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.geometry.point_times import point_times
from seg_perception.inference.segmenter import expect_fitting
from seg_perception.pipeline.perception import Perception

_SENSOR = "sensor"
_SENSORS: Mapping[str, type[LidarConfig | RadarConfig]] = {
    "lidar": LidarConfig,
    "radar": RadarConfig,
}


@dataclass(frozen=True, eq=False)
class Painter:
    """Paints clouds.

    Attributes:
        config: transfer, synchroniser and transforms; its sensors are not looked at.
        self_box_m: two corners, six numbers, of the robot itself in the cloud; or none.
        sensor: that the cloud comes from.
    """

    config: Config
    self_box_m: Sequence[float] = ()
    sensor: Literal["lidar", "radar"] = "lidar"

    def paint(self, cloud: PointCloud, views: Sequence[View], placement: Placement) -> CloudLabels:
        """Give each point the label of what a camera sees there; see `Model.paint`."""
        ontology = _ontology_of(views)
        label_maps = [_label_map(view, number) for number, view in enumerate(views)]
        cloud, label_maps = _stamped(cloud, label_maps, is_moving=placement.is_moving)
        times_ns = [*_times_ns(cloud), *_image_times_ns(views, label_maps)]
        scene = placement.scene(cloud, views, label_maps, times_ns)
        config = self._configured(views, scene)
        core = Perception(config, ontology, scene.tree)
        _expect_placed(core, scene, views)
        for label_map in scene.label_maps:
            core.add_label_map(SelfFilter(config, ontology.unknown_id).hide_in_image(label_map))
        semantic = core.label(_SENSOR, scene.cloud)
        warn_of(core.issues.all())
        return CloudLabels(replace(semantic, cloud=cloud), ontology)

    def _configured(self, views: Sequence[View], scene: Scene) -> Config:
        """What is painted, as parameters."""
        cameras = {
            label_map.camera: view.lens.config.model_copy(
                update={
                    "frame_id": label_map.frame_id,
                    "frame_convention": view.lens.convention or "optical",
                }
            )
            for view, label_map in zip(views, scene.label_maps, strict=True)
        }
        transforms = self.config.transforms.model_copy(update={"fixed_frame": scene.fixed_frame})
        transfer = self.config.transfer.model_copy(update={"accumulated_scans": 0})
        sensor = _SENSORS[self.sensor](topic="/points", self_box_m=_box(self.self_box_m))
        sensors = {"cameras": cameras, f"{self.sensor}s": {_SENSOR: sensor}}
        steps = {"transforms": transforms, "transfer": transfer}
        return Config().model_copy(
            update={
                **sensors,
                **steps,
                "synchronizer": self.config.synchronizer,
                "radar_transfer": self.config.radar_transfer,
                "plausibility": self.config.plausibility,
            }
        )


def _box(self_box_m: Sequence[float]) -> list[float]:
    """Two corners; all 0 for none.

    Raises:
        ConfigError: a box of other than six numbers.
    """
    box = [float(edge) for edge in self_box_m] or [0.0] * 6
    if len(box) != 6:
        msg = f"self_box_m: expected six numbers, two corners, got {len(box)}; see Model.paint"
        raise ConfigError(msg)
    return box


def _ontology_of(views: Sequence[View]) -> Ontology:
    """That of all labels.

    Raises:
        ConfigError: no view, or views that speak of different classes.
    """
    if not views:
        msg = "paint: expected at least one view, got none; pass labels, camera, T_camera_lidar"
        raise ConfigError(msg)
    first = views[0].labels.ontology
    if any(view.labels.ontology.names != first.names for view in views):
        msg = "paint: expected views of one label space, got several; label all with one model"
        raise ConfigError(msg)
    return first


def _label_map(view: View, number: int) -> LabelMap:
    """The labels of a view, as a camera of its own, with its lens.

    Raises:
        CalibrationError: the image has another size than the lens says.
    """
    labels, name = view.labels, f"camera_{number}"
    label_map, calibration = labels.label_map, view.lens.calibration
    stamp_ns, frame_id = label_map.stamp_ns, label_map.frame_id
    expect_fitting(CameraFrame(name, labels.image, stamp_ns, frame_id, calibration))
    height, width = label_map.labels.shape
    scaled = scale_calibration(calibration, width, height)
    return replace(label_map, camera=name, calibration=scaled)


def _stamped(
    cloud: PointCloud, label_maps: Sequence[LabelMap], *, is_moving: bool
) -> tuple[PointCloud, list[LabelMap]]:
    """With a stamp each: at rest, what has none is of the same moment.

    Raises:
        CloudError: the robot moves, and a stamp is missing.
    """
    stamps = [cloud.stamp_ns, *(m.stamp_ns for m in label_maps)]
    known = [stamp for stamp in stamps if stamp != NO_STAMP_NS]
    if is_moving and len(known) < len(stamps):
        msg = (
            "paint: expected stamps of cloud and images, since the robot moves, got some without; "
            "pass model.label(image, stamp_ns=...) and paint(..., stamp_ns=...)"
        )
        raise CloudError(msg)
    common = known[0] if known else NO_STAMP_NS
    stamped = [replace(m, stamp_ns=common) if m.stamp_ns == NO_STAMP_NS else m for m in label_maps]
    return (replace(cloud, stamp_ns=common) if cloud.stamp_ns == NO_STAMP_NS else cloud), stamped


def _times_ns(cloud: PointCloud) -> Iterator[int]:
    """The cloud's stamp, and when its first and last points were measured."""
    yield cloud.stamp_ns
    offsets_ns = point_times(cloud).offsets_ns
    if offsets_ns is not None:
        yield cloud.stamp_ns + int(offsets_ns.min())
        yield cloud.stamp_ns + int(offsets_ns.max())


def _image_times_ns(views: Sequence[View], label_maps: Sequence[LabelMap]) -> Iterator[int]:
    """When the first and last lines of each image may have been exposed."""
    for view, label_map in zip(views, label_maps, strict=True):
        camera = view.lens.config
        for readout_s in (-camera.readout_s, camera.readout_s):
            offset_s = camera.time_offset_s + readout_s
            yield label_map.stamp_ns + round(offset_s * NANOSECONDS)


def _expect_placed(core: Perception, scene: Scene, views: Sequence[View]) -> None:
    """Warn of a transform that is missing, and refuse one that the points speak against.

    Raises:
        TransformError: it leads into another frame than is said.
    """
    scan = core.motion.scan(_SENSOR, scene.cloud)
    xyz = np.ascontiguousarray(scan.cloud.xyz)
    for view, label_map in zip(views, scene.label_maps, strict=True):
        given = (
            "T_camera_lidar"
            if view.T_camera_lidar is not None
            else (f"transform {label_map.frame_id} <- {scene.cloud.frame_id}")
        )
        try:
            T = core.motion.T_camera_cloud(label_map, scan)
        except TransformError as error:
            warn(f"paint: {error}; points before this camera stay unknown{_fixed_mend(scene)}")
        else:
            if view.lens.convention is None:
                expect_optical(given, view.lens, T, xyz, core.config.transfer)


def _fixed_mend(scene: Scene) -> str:
    """What to do where nobody knows the frame that rests."""
    if scene.fixed_frame in ("", *scene.tree.frames()):
        return ""
    return "; pass fixed_frame=, which is '' for a robot at rest"

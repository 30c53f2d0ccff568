"""A model that labels images and paints clouds."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seg_perception.api.arrays import as_cloud, as_rgb, read_rgb
from seg_perception.api.bag_message import BagCloud, BagImage
from seg_perception.api.camera import Camera
from seg_perception.api.cloud_labels import CloudLabels
from seg_perception.api.image_labels import NO_STAMP_NS, ImageLabels
from seg_perception.api.motion import Poses, TransformSource
from seg_perception.api.notices import warn
from seg_perception.api.painter import Painter
from seg_perception.api.placement import GivenMounts, Placement, RecordedFrames
from seg_perception.api.view import View
from seg_perception.config import Config
from seg_perception.core.errors import CloudError, ConfigError, TransformError
from seg_perception.core.issue_kinds.engines import ENGINE_REFUSED
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap, PointCloud
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import InputSize, Segmenter, expect_fitting

if TYPE_CHECKING:
    from typing_extensions import Self

_LOG = logging.getLogger(__name__)


class Model:
    """A segmentation model on an engine that passed its self-test on this machine.

    Used by one thread at a time.

    Attributes:
        config: the parameters; sensors of a parameter file are not looked at.
        bundle: the model.
        ontology: what its ids mean.
    """

    def __init__(
        self,
        bundle: str | Path = "",
        *,
        config: Config | str | Path | None = None,
        engine: Literal["auto", "onnxruntime", "tensorrt"] | None = None,
    ) -> None:
        """Load a model.

        Args:
            bundle: a shipped model's name (`field_tiny`), or the path of a bundle's folder or zip;
                empty: as in `config`, which is `field_tiny` where it does not say.
            config: a parameter file as the node takes it, of which `segmentation`, `transfer`,
                `synchronizer`, `transforms` and `tensorrt` count here; None: their defaults, but
                no TensorRT engine is built (`seg-perception engine build` does).
            engine: `auto` tries TensorRT, then ONNX Runtime on GPU and CPU; None: as in `config`.

        Raises:
            BundleError: no such model, or a damaged one.
            ConfigError: a wrong parameter.
            EngineError: no engine runs it on this machine.
        """
        self.config = _configured(config, bundle, engine)
        segmentation = self.config.segmentation
        self.bundle = Bundle.load(segmentation.bundle)
        self.ontology: Ontology = self.bundle.ontology
        self._engine = create_engine(
            self.bundle, segmentation, self.config.tensorrt, report=_LOG.info
        )
        self._segmenter = Segmenter(self._engine, segmentation)
        for reason in self._engine.refused:
            warn(ENGINE_REFUSED.sentence(reason=reason))

    @property
    def names(self) -> Mapping[int, str]:
        """Class names by id."""
        return self.ontology.names

    @property
    def groupings(self) -> tuple[str, ...]:
        """Names of the coarser views that its labels can be had in: `labels.grouped(name)`."""
        return tuple(self.ontology.groupings)

    @property
    def description(self) -> str:
        """Model, engine and device, and what the self-test showed, in one line."""
        return self._engine.description

    def label(
        self,
        image: NDArray[np.uint8] | str | Path | BagImage | Any,
        *,
        stamp_ns: int | None = None,
        camera: Camera | None = None,
    ) -> ImageLabels:
        """Label one image.

        The whole image is stretched to the network's size, and the labels come back at the
        image's. They are those that node and replay publish with `output_size: input`.

        Args:
            image: uint8 (H, W, 3), RGB (OpenCV reads BGR: pass image[..., ::-1]); the path of
                an image file; or an image of `read_bag`, which knows its stamp and camera.
            stamp_ns: when it was taken; wanted where the robot moves between image and cloud.
            camera: that took it: its `ego_mask` hides the robot, and `paint` needs no other.

        Raises:
            ImageError: another shape or type, or it can't be decoded.
            CalibrationError: the camera's images have another size.
            EngineError: the engine failed.
        """
        frame, lens = _frame(image, stamp_ns, camera)
        expect_fitting(frame)
        label_map = self._segmenter.segment(replace(frame, calibration=None))
        labels, confidence = InputSize().fit(label_map.labels, label_map.confidence, frame.image)
        full = replace(label_map, labels=labels, confidence=confidence)
        full, hidden = (self._without_robot(each, lens) for each in (full, label_map))
        return ImageLabels.of(full, hidden, self.ontology, frame.image, lens)

    @overload
    def paint(
        self,
        points: ArrayLike | BagCloud,
        labels: ImageLabels,
        camera: Camera | None = None,
        T_camera_lidar: Any = None,
        *,
        stamp_ns: int | None = None,
        point_times_s: ArrayLike | None = None,
        poses: Poses | None = None,
        transforms: TransformTree | TransformSource | None = None,
        fixed_frame: str | None = None,
        self_box_m: Sequence[float] = (),
    ) -> CloudLabels: ...

    @overload
    def paint(
        self,
        points: ArrayLike | BagCloud,
        labels: Sequence[View],
        *,
        stamp_ns: int | None = None,
        point_times_s: ArrayLike | None = None,
        poses: Poses | None = None,
        transforms: TransformTree | TransformSource | None = None,
        fixed_frame: str | None = None,
        self_box_m: Sequence[float] = (),
    ) -> CloudLabels: ...

    def paint(  # noqa: PLR0913 (each is a fact about a cloud that people have or have not)
        self,
        points: ArrayLike | BagCloud | PointCloud,
        labels: ImageLabels | Sequence[View],
        camera: Camera | None = None,
        T_camera_lidar: Any = None,
        *,
        stamp_ns: int | None = None,
        point_times_s: ArrayLike | None = None,
        poses: Poses | None = None,
        transforms: TransformTree | TransformSource | None = None,
        fixed_frame: str | None = None,
        self_box_m: Sequence[float] = (),
    ) -> CloudLabels:
        """Give each point of a cloud the label of what the cameras see there.

        By node's and replay's own steps: projection, visibility, confidence, vote of the cameras.
        **Without `poses` or `transforms` the robot is taken as at rest**: nothing is moved between
        cloud and image, and what has no stamp is of the same moment.

        Args:
            points: numbers (N, 3), metre, the lidar's frame; or a cloud of `read_bag`, whose
                `sensor` says whether it is a radar's: returns are labelled as replay does.
            labels: of an image; or several views, `[View(labels, camera, T_camera_lidar), ...]`.
            camera: that took the image; None: that of `model.label(image, camera=...)`.
            T_camera_lidar: (4, 4), metre: maps points of the lidar into the camera's optical
                frame (z forward, x right, y down). Refused where it is no rigid transform, and
                where the points speak for a body frame or for the inverse.
            stamp_ns: when the cloud was measured.
            point_times_s: (N,), seconds after the cloud's stamp, when each point was measured;
                clouds of a bag have it in their fields.
            poses: how the lidar moves: T_fixed_lidar, (4, 4), as a function of the time
                (nanosecond, asked from 50 ms before the first time to the last one), or
                (stamps_ns, T_fixed_lidar) of (n,) and (n, 4, 4).
            transforms: in place of T_camera_lidar and poses: a bag of `read_bag`, or a
                `TransformTree`; frames are those of cloud and image.
            fixed_frame: of `transforms`: that rests while the robot moves; None: as
                `transforms.fixed_frame` of the config (`odom`); empty: the robot is at rest.
            self_box_m: lowest and highest corner, six numbers, lidar's frame: the robot itself.

        Raises:
            CloudError: another shape, a stamp is missing, or times that are no scan's.
            TransformError: no transform, or one that is not what is asked for.
            CalibrationError: no camera, or the image has another size than it says.
            ConfigError: no view, views of different label spaces, or a wrong box.
        """
        views = _views(labels, camera, T_camera_lidar)
        cloud = _cloud(points, stamp_ns, point_times_s)
        placement = self._placement(poses, transforms, fixed_frame)
        if point_times_s is not None and not placement.is_moving:
            msg = (
                "point_times_s: expected poses or transforms beside it, got none: at rest times "
                "say nothing; pass them, or leave it out"
            )
            raise CloudError(msg)
        sensor = points.sensor if isinstance(points, BagCloud) else "lidar"
        return Painter(self.config, self_box_m, sensor).paint(cloud, views, placement)

    def close(self) -> None:
        """Free what the engine holds."""
        self._engine.close()

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Engine, model and classes."""
        return f"<Model {self._engine.engine.description}, {len(self.names)} classes>"

    def _without_robot(self, label_map: LabelMap, camera: Camera | None) -> LabelMap:
        if camera is None or not camera.config.ego_mask:
            return label_map
        config = Config(cameras={label_map.camera: camera.config})
        return SelfFilter(config, self.ontology.unknown_id).hide_in_image(label_map)

    def _placement(
        self,
        poses: Poses | None,
        transforms: TransformTree | TransformSource | None,
        fixed_frame: str | None,
    ) -> Placement:
        if transforms is None:
            return GivenMounts(poses)
        if poses is not None:
            msg = "paint: expected poses or transforms, got both; leave one out"
            raise TransformError(msg)
        known = self.config.transforms.fixed_frame
        return RecordedFrames(transforms, known if fixed_frame is None else fixed_frame)


def _configured(
    config: Config | str | Path | None, bundle: str | Path, engine: str | None
) -> Config:
    if config is None:
        base = Config()
        tensorrt = base.tensorrt.model_copy(update={"on_missing": "fail"})
        base = base.model_copy(update={"tensorrt": tensorrt})
    else:
        base = config if isinstance(config, Config) else Config.load(config)
    chosen = {"bundle": str(bundle), "engine": engine}
    given = {key: value for key, value in chosen.items() if value}
    if given.get("engine", "auto") not in ("auto", "onnxruntime", "tensorrt"):
        msg = f"engine: expected auto, onnxruntime or tensorrt, got {engine!r}"
        raise ConfigError(msg)
    segmentation = base.segmentation.model_copy(update=given)
    return base.model_copy(update={"segmentation": segmentation})


def _frame(
    image: Any, stamp_ns: int | None, camera: Camera | None
) -> tuple[CameraFrame, Camera | None]:
    """The frame of an image, and its camera where that is known."""
    if isinstance(image, BagImage):
        lens = camera or image.camera
        stamp = image.stamp_ns if stamp_ns is None else stamp_ns
        pixels, frame_id = image.rgb, image.frame_id
    else:
        lens, frame_id = camera, ""
        stamp = NO_STAMP_NS if stamp_ns is None else stamp_ns
        pixels = read_rgb(image) if isinstance(image, (str, Path)) else as_rgb(image)
    calibration = lens.calibration if lens else None
    return CameraFrame("camera", pixels, stamp, frame_id, calibration), lens


def _views(labels: Any, camera: Camera | None, T_camera_lidar: Any) -> Sequence[View]:
    if isinstance(labels, ImageLabels):
        return [View(labels, camera, T_camera_lidar)]
    views: list[Any] = list(labels) if isinstance(labels, Sequence) else [labels]
    if not all(isinstance(view, View) for view in views):
        got = type(labels).__name__
        msg = (
            f"paint: expected labels of model.label, or a list of View, got {got}; "
            "several cameras: [View(labels, camera, T_camera_lidar), ...]"
        )
        raise ConfigError(msg)
    if camera is not None or T_camera_lidar is not None:
        msg = (
            "paint: expected camera and T_camera_lidar in each View, got them beside a list; "
            "leave them out there"
        )
        raise ConfigError(msg)
    return views


def _cloud(points: Any, stamp_ns: int | None, point_times_s: ArrayLike | None) -> PointCloud:
    known = points.cloud if isinstance(points, BagCloud) else points
    if not isinstance(known, PointCloud):
        stamp = NO_STAMP_NS if stamp_ns is None else stamp_ns
        return as_cloud(known, stamp, "", point_times_s)
    if point_times_s is not None:
        return as_cloud(known.xyz, known.stamp_ns, known.frame_id, point_times_s)
    return known if stamp_ns is None else replace(known, stamp_ns=stamp_ns)

"""Bags of depth cameras: inspected, and labelled by what is proposed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from seg_perception.config import Config
from seg_perception.core.types import PointCloud, PointStatus
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.bundle import Bundle
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.outputs.topics import Nav2Topics, cloud_topic
from seg_perception.replay import ReplayOptions, replay
from seg_perception.robots.nav2 import nav2_parameters
from test.fixtures.bags import GREEN, NETWORK_HEIGHT, NETWORK_WIDTH, RED, UNKNOWN
from test.fixtures.depth_cameras import (
    DRIVERS,
    FOCAL,
    HEIGHT,
    MS,
    OAK,
    OPTICAL,
    ORBBEC,
    ORBBEC_UNALIGNED,
    REALSENSE,
    REALSENSE_UNALIGNED,
    START_NS,
    UNMEASURED_ROWS,
    WALL_M,
    WIDTH,
    ZED,
    DepthCamera,
)
from test.fixtures.nav2_layer import Nav2Layer

POST, POST_M = (40, 46), 1.0  # columns, and how far


def labelled(
    driver: DepthCamera, folder: Path, bundle: Path, **parameters: Any
) -> tuple[Config, list[Any], Any]:
    """The proposed configuration, the labelled clouds of the depths, and the replay's summary."""
    bag = driver.bag(folder / "in.mcap")
    found = dict(inspect_bag(bag).parameters)
    found["segmentation.bundle"] = str(bundle)
    found.update({key.replace("__", "."): value for key, value in parameters.items()})
    config = Config.from_parameters(found)
    summary = replay(bag, folder / "out.mcap", config, ReplayOptions())
    (depth,) = config.depths.values()
    with BagReader(folder / "out.mcap") as reader:
        clouds = [decode_cloud(m.message) for m in reader.messages({depth.output_topic})]
    return config, clouds, summary


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_a_drivers_depths_are_proposed_and_nothing_twice(driver, tmp_path):
    found = inspect_bag(driver.bag(tmp_path / "in.mcap"))
    parameters = found.parameters
    (name,) = parameters["cameras"]
    assert parameters[f"camera.{name}.image_topic"] in (driver.image, *driver.twins)
    assert parameters[f"camera.{name}.depth_topic"] == driver.depths.topic
    assert f"camera.{name}.frame_convention" not in parameters
    assert (parameters.get(f"camera.{name}.rectified", False)) == (driver is ZED)
    # The driver's own clouds are the same depths, and its infrared pictures no second camera.
    assert (parameters["lidars"], parameters["radars"]) == ([], [])
    assert {i.code for i in found.issues if i.level != "note"} <= {"no_photograph"}


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_a_drivers_bag_is_labelled(driver, tmp_path, tiny_bundle):
    _, clouds, summary = labelled(driver, tmp_path, tiny_bundle)
    (stream,) = [name for name in summary.streams if name.startswith("depth.")]
    assert summary.streams[stream].published == len(clouds) == 5
    for cloud in clouds:
        points = cloud.points
        assert points.shape == (NETWORK_HEIGHT, NETWORK_WIDTH)
        assert cloud.frame_id == driver.depths.frame
        assert points.dtype.names == ("x", "y", "z", "label", "confidence", "rgb")
        measured = np.isfinite(points["z"])
        np.testing.assert_allclose(points["z"][measured], WALL_M, atol=1e-3)
        assert not points["z"][~measured & np.isfinite(points["x"])].size
        # To the left of the colour camera's axis the wall is red.
        aside = points["x"] - _colour_x(driver)
        sure = measured & (np.abs(aside) > 0.1)
        expected = np.where(aside < 0, RED, GREEN)
        np.testing.assert_array_equal(points["label"][sure], expected[sure])
        assert (points["label"][~measured] == UNKNOWN).all()
        assert np.isin(points["label"][measured], (RED, GREEN)).mean() > 0.97
        assert (points["confidence"][sure] > 0.5).mean() > 0.9


def _colour_x(driver: DepthCamera) -> float:
    """Where the colour camera sits in the depth camera's frame, to the right (metre)."""
    return -0.25 if driver in (REALSENSE_UNALIGNED, ORBBEC_UNALIGNED) else 0.0


@pytest.mark.parametrize("driver", [REALSENSE, OAK, ORBBEC], ids=lambda driver: driver.name)
def test_what_nothing_measured_is_nan_in_the_rows_where_that_is(driver, tmp_path, tiny_bundle):
    _, clouds, _ = labelled(driver, tmp_path, tiny_bundle)
    height = driver.depths.size[1]
    # Rows of the label map whose middle lies in the uppermost four of the depth image.
    middles = (np.arange(NETWORK_HEIGHT) + 0.5) * height / NETWORK_HEIGHT - 0.5
    unmeasured = np.rint(middles) < 4
    for cloud in clouds:
        np.testing.assert_array_equal(np.isnan(cloud.points["z"]).all(axis=1), unmeasured)


def own_cloud(stamp_ns: int, frame: str, *, each: int = 1, in_rows: bool = True) -> Any:
    """A wall with a post before it in colour, as a driver sends what it measured.

    `each`: so many of its pixels become one point in a row; not `in_rows`: what was measured alone,
    one after the other.
    """
    v, u = np.mgrid[:HEIGHT:each, :WIDTH:each].astype(np.float64)
    z = np.where((u >= POST[0]) & (u < POST[1]), POST_M, WALL_M)
    x, y = (u - (WIDTH - 1) / 2) / FOCAL * z, (v - (HEIGHT - 1) / 2) / FOCAL * z
    points = np.zeros(z.shape, [(name, "<f4") for name in ("x", "y", "z", "rgb")])
    axes = (x, y, z) if "optical" in frame else (z, -x, -y)
    for name, values in zip("xyz", axes, strict=True):
        points[name] = values
    measured = v >= UNMEASURED_ROWS
    if in_rows:
        for name in "xyz":
            points[name][~measured] = np.nan
    else:
        points = points[measured][None]
    return encode_cloud(PointCloud(points, stamp_ns, frame))


def replay_own_clouds(driver, clouds, folder, bundle):
    """A bag of a driver's pictures and clouds, as proposed: the labelled clouds and the summary."""
    left_out = {driver.depths.topic, driver.depths.info_topic, driver.clouds[0][0]}
    events = [event for event in driver.events() if event[1] not in left_out]
    events += [(stamp_of(cloud), driver.clouds[0][0], cloud) for cloud in clouds]
    with BagWriter(folder / "in.mcap") as writer:
        for log_time_ns, topic, message in sorted(events, key=lambda event: event[0]):
            writer.write(topic, message, log_time_ns, latched=topic == "/tf_static")
    found = dict(inspect_bag(folder / "in.mcap").parameters)
    (name,) = found["lidars"]
    assert found[f"lidar.{name}.topic"] == driver.clouds[0][0]
    found["segmentation.bundle"] = str(bundle)
    config = Config.from_parameters(found)
    summary = replay(folder / "in.mcap", folder / "out.mcap", config, ReplayOptions())
    with BagReader(folder / "out.mcap") as reader:
        topics = {config.lidars[name].output_topic or cloud_topic(config.lidars[name])}
        made = [decode_cloud(m.message).points for m in reader.messages(topics)]
    return made, summary.points[name]


def stamp_of(cloud: Any) -> int:
    return stamp_to_ns(cloud.header.stamp)


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("period_ms", [100, 40])
def test_a_registered_cloud_of_any_size_and_rate_loses_no_point(
    each, period_ms, tmp_path, tiny_bundle
):
    """As ZED sends it: in a body frame whose origin is the camera's, with colours."""
    stamps = [START_NS + n * period_ms * MS for n in range(400 // period_ms + 1)]
    clouds = [own_cloud(stamp, ZED.clouds[0][1], each=each) for stamp in stamps]
    made, points = replay_own_clouds(ZED, clouds, tmp_path, tiny_bundle)
    assert len(made) == len(stamps)
    size, rows = WIDTH // each * (HEIGHT // each), UNMEASURED_ROWS // each
    lost = rows * (WIDTH // each)
    assert points[PointStatus.LABELLED] == len(stamps) * (size - lost)
    assert points[PointStatus.INVALID] == len(stamps) * lost
    for cloud in made:
        # y points to the left, and what is at its edge may be either.
        sure = np.abs(cloud["y"]) > 0.1
        expected = np.where(cloud["y"] > 0, RED, GREEN)
        np.testing.assert_array_equal(cloud["label"][sure], expected[sure])


def test_a_cloud_without_rows_is_labelled_point_by_point(tmp_path, tiny_bundle):
    """As RealSense sends it by default: what was measured, in the depth camera's frame."""
    frame = REALSENSE.clouds[0][1]
    clouds = [own_cloud(START_NS + n * 100 * MS, frame, in_rows=False) for n in range(5)]
    made, points = replay_own_clouds(REALSENSE, clouds, tmp_path, tiny_bundle)
    assert [cloud.shape for cloud in made] == [(1, (HEIGHT - UNMEASURED_ROWS) * WIDTH)] * 5
    # Colour sits a quarter of a metre to the left of depth: it sees what lies right of its edge.
    seen = WIDTH // 2 / FOCAL
    for cloud in made:
        aside = cloud["x"] - _colour_x(REALSENSE_UNALIGNED)
        inside = (np.abs(aside) < (seen - 2 / FOCAL) * cloud["z"]) & (np.abs(aside) > 0.1)
        sure = inside & (cloud["label"] != UNKNOWN)
        expected = np.where(aside < 0, RED, GREEN)
        np.testing.assert_array_equal(cloud["label"][sure], expected[sure])
        # The post hides some of the wall from the colour camera.
        assert sure.sum() > 0.85 * inside.sum()
    assert points[PointStatus.INVALID] == 0


def test_the_label_maps_pixels_are_the_clouds(tmp_path, tiny_bundle):
    config, clouds, _ = labelled(REALSENSE, tmp_path, tiny_bundle)
    x, y = clouds[0].points["x"], clouds[0].points["y"]
    # Label map pixels have twice the size of the picture's: focal length 16 px, middle 15.5, 11.5.
    columns, rows = np.arange(NETWORK_WIDTH), np.arange(NETWORK_HEIGHT)
    seen = ~np.isnan(x[-1])
    np.testing.assert_allclose(x[-1][seen], (columns[seen] - 15.5) / 16 * WALL_M, atol=1e-5)
    np.testing.assert_allclose(y[4:, 3], (rows[4:] - 11.5) / 16 * WALL_M, atol=1e-5)
    assert config.depths["camera"].output_topic == "/camera/camera/color/semantic/points"


@pytest.mark.parametrize("driver", [REALSENSE, REALSENSE_UNALIGNED], ids=lambda d: d.name)
def test_navs_layer_takes_every_depth_image(driver, tmp_path, tiny_bundle):
    wishes = {"output.nav2_semantic_cloud": True, "output.nav2_base_frame": "base_link"}
    config, clouds, _ = labelled(driver, tmp_path, tiny_bundle, **wishes)
    ontology = Bundle.load(str(tiny_bundle)).ontology
    costmap = yaml.safe_load(nav2_parameters(config, ontology))["local_costmap"]["local_costmap"]
    frames = TransformTree()
    for parent, child, xyz, is_optical in driver.places:
        T = OPTICAL.copy() if is_optical else np.eye(4)
        T[:3, 3] = xyz
        frames.set_static(parent, child, T)
    layer = Nav2Layer(
        costmap["ros__parameters"]["semantic_layer"],
        lambda frame, stamp: frames.lookup("base_link", frame, stamp),
    )
    (name,) = config.depths
    topics = Nav2Topics.of(config.depths[name])
    order = (topics.label_image, topics.confidence, topics.points)
    source = layer.sources[name]
    with BagReader(tmp_path / "out.mcap") as reader:
        (info,) = [m.message for m in reader.messages({topics.label_info})]
        source.take_labels(info)
        for message in reader.messages(set(order)):
            layer.take(name, order.index(message.topic), message.message)
    assert source.counts == {"taken": len(clouds)}
    source.update(START_NS / 1e9 + 0.4)
    # Red costs nothing and green a little; the wall stands 2.3 m ahead of the base.
    left, right = (source.cost_at(WALL_M + 0.3, y) for y in _beside(driver))
    assert (left, right) == (0, 102)


def _beside(driver: DepthCamera) -> tuple[float, float]:
    """Half a metre to the left and to the right of the colour camera, in the base frame."""
    y = next(xyz[1] for _, child, xyz, _ in driver.places if child == "camera_color_frame")
    return y + 0.6, y - 0.6


def test_depths_without_a_lens_that_are_not_aligned_say_so(tmp_path, tiny_bundle):
    lost = replace(REALSENSE_UNALIGNED.depths, info_topic="/elsewhere/camera_info")
    driver = replace(REALSENSE_UNALIGNED, depths=lost)
    _, clouds, summary = labelled(
        driver, tmp_path, tiny_bundle, camera__camera__depth_camera_info_topic="/nowhere"
    )
    assert all((cloud.points["label"] == UNKNOWN).all() for cloud in clouds)
    (said,) = [issue for issue in summary.issues if issue.code == "no_depth_lens"]
    assert "no camera_info came on /nowhere" in said.sentence
    assert "they are in frame camera_depth_optical_frame" in said.sentence


def test_depths_under_the_pictures_frame_with_another_lens_are_said(tmp_path, tiny_bundle):
    odd = replace(REALSENSE.depths, focal=24.0)
    _, clouds, summary = labelled(replace(REALSENSE, depths=odd), tmp_path, tiny_bundle)
    (said,) = [issue for issue in summary.issues if issue.code == "depth_not_aligned"]
    assert "(fx 24 px at their width, not 32)" in said.sentence
    measured = np.isfinite(clouds[0].points["z"])
    # Its own lens sees 64 px / 24 px to the side, the pictures 64 px / 32 px: all of these.
    assert measured[6:].mean() > 0.97


@pytest.mark.parametrize(("unit_m", "sent_m"), [(0.001, 0.0001), (0.0001, 0.0001)])
def test_tenths_of_a_millimetre_are_read_as_configured_and_else_said(
    unit_m, sent_m, tmp_path, tiny_bundle
):
    driver = replace(ORBBEC, depths=replace(ORBBEC.depths, unit_m=sent_m))
    _, clouds, summary = labelled(
        driver,
        tmp_path,
        tiny_bundle,
        camera__camera__depth_unit_m=unit_m,
        camera__camera__depth_max_range_m=0.0,
    )
    said = [issue for issue in summary.issues if issue.code == "depth_unit"]
    assert bool(said) == (unit_m != sent_m) == (not np.nanmax(clouds[0].points["z"]) < 3)
    for issue in said:
        assert "farther than 20 m" in issue.sentence
        assert "set camera.camera.depth_unit_m to 0.0001" in issue.sentence


def test_farther_depths_than_wanted_make_no_points(tmp_path, tiny_bundle):
    _, clouds, _ = labelled(ORBBEC, tmp_path, tiny_bundle, camera__camera__depth_max_range_m=1.9)
    assert all(np.isnan(cloud.points["z"]).all() for cloud in clouds)

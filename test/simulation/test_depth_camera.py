"""Depths of a simulated stereo camera, worked out by hand, and labelled."""

from __future__ import annotations

from copy import copy

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.types import PointStatus
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.replay import ReplayOptions, replay
from seg_perception.simulation import streams
from seg_perception.simulation.depth_camera import StereoDepth

EXACT = StereoDepth(focal_px=400, baseline_m=0.1, noise_px=0.0, range_m=15)


def measured(stereo: StereoDepth, depth_m: np.ndarray) -> np.ndarray:
    """Metres, NaN where nothing was measured; the share that is not matched stays out."""
    values = stereo.measure(depth_m.astype(np.float32), [1]).astype(float)
    return np.where(values > 0, values / 1000, np.nan)


def test_depths_come_in_steps_of_disparities():
    found = measured(EXACT, np.full((20, 200), 9.3))
    # 400 px x 0.1 m / 9.3 m = 4.301 px; the nearest of 32 steps is 4.3125: 9.275 m.
    assert np.nanmin(found) == np.nanmax(found) == pytest.approx(9.275)
    # The five columns whose place in the right eye lies left of its picture, and one in a hundred.
    assert np.isnan(found[:, :5]).all()
    assert np.isnan(found[:, 5:]).mean() == pytest.approx(0.01, abs=0.006)


def test_the_error_grows_with_the_square_of_the_distance():
    noisy = StereoDepth(400, 0.1, 0.1, 15)
    deviations = [np.nanstd(measured(noisy, np.full((200, 300), m))) for m in (2.0, 4.0)]
    # z^2 / (f b) x 0.1 px: 10 and 40 mm.
    assert deviations == pytest.approx([0.010, 0.040], rel=0.06)


def test_the_far_and_the_sky_are_not_measured():
    depth = np.full((4, 100), 5.0)
    depth[1], depth[2] = 15.5, np.inf
    found = measured(EXACT, depth)
    assert np.isnan(found[1:3]).all()
    assert np.isfinite(found[[0, 3], 9:]).mean() > 0.9


def test_what_one_eye_does_not_see_beside_an_edge_is_not_measured():
    depth = np.full((30, 200), 8.0)
    depth[:, 100:120] = 2.0
    missing = np.isnan(measured(EXACT, depth)).mean(axis=0)
    # 20 px at 2 m, 5 px at 8 m: the 15 columns to the left of the post are hidden from one eye.
    assert (missing[86:100] == 1).all()
    assert (missing[[80, 84]] < 0.2).all()
    assert (missing[100:160] < 0.2).all()


def test_a_simulated_depth_camera_is_proposed_and_labelled(world, tmp_path, tiny_bundle):
    measuring = copy(world)
    measuring.config = world.config.model_copy(update={"depth_camera": True})
    wanted = (streams.static_transforms, streams.motion, streams.camera_frames)
    sent = sorted(
        (message for stream in wanted for message in stream(measuring)),
        key=lambda message: message.log_time_ns,
    )
    bag = tmp_path / "drive.mcap"
    with BagWriter(bag) as writer:
        for message in sent:
            writer.write(message.topic, message.message, message.log_time_ns, message.latched)
    found = dict(inspect_bag(bag).parameters)
    assert found["camera.front.depth_topic"] == "/camera/front/depth/image_raw"
    found["segmentation.bundle"] = str(tiny_bundle)
    summary = replay(bag, tmp_path / "out.mcap", Config.from_parameters(found), ReplayOptions())
    assert summary.streams["depth.front"].published == 4
    points = summary.points["front"]
    counted = sum(points.values()) - points[PointStatus.INVALID]
    assert points[PointStatus.LABELLED] + points[PointStatus.CONTRADICTED] > 0.99 * counted > 0
    with BagReader(tmp_path / "out.mcap") as reader:
        topic = "/camera/front/semantic/points"
        clouds = [decode_cloud(message.message) for message in reader.messages({topic})]
    assert len(clouds) == 4
    depths = np.concatenate([c.points["z"][np.isfinite(c.points["z"])] for c in clouds])
    # The default range of depths is nearer than what the eyes measure.
    assert 0.5 < depths.min() < depths.max() <= 10.0

"""Camera models agree with OpenCV inside their field of view and refuse everything outside."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration, RegionOfInterest
from seg_perception.geometry.calibration import (
    published_size,
    scale_calibration,
    shift_principal_point,
)
from seg_perception.geometry.camera import CameraModel

K = np.array([[600.0, 0, 479.5], [0, 620.0, 269.5], [0, 0, 1]])
DISTORTIONS = {
    "plumb_bob": np.array([-0.28, 0.09, 0.001, -0.0005, -0.01]),
    "rational_polynomial": np.array(
        [0.4467, -2.4316, 0.0009, -0.0002, 1.4048, 0.3242, -2.2589, 1.3338]
    ),
    "equidistant": np.array([-0.02, 0.01, -0.004, 0.0008]),
}


def calibration(model: str = "", **changes: object) -> Calibration:
    d = DISTORTIONS.get(model, np.zeros(0))
    p = np.hstack([K, np.zeros((3, 1))])
    return replace(Calibration(960, 540, K, distortion_model=model, d=d, p=p), **changes)


def cloud(count: int = 2000) -> np.ndarray:
    random = np.random.default_rng(1)
    z = random.uniform(1, 50, count)
    return np.stack(
        [random.uniform(-0.9, 0.9, count) * z, random.uniform(-0.5, 0.5, count) * z, z], 1
    )


@pytest.mark.parametrize("model", ["plumb_bob", "rational_polynomial"])
def test_projection_equals_opencv(model: str) -> None:
    xyz = cloud()
    found = CameraModel.from_calibration(calibration(model)).project(xyz)
    expected = cv2.projectPoints(xyz, np.zeros(3), np.zeros(3), K, DISTORTIONS[model])[0][:, 0]
    assert found.valid.sum() > 1000
    assert np.abs(found.uv - expected)[found.valid].max() < 1e-3


def test_fisheye_equals_opencv() -> None:
    xyz = cloud()
    found = CameraModel.from_calibration(calibration("equidistant")).project(xyz)
    expected = cv2.fisheye.projectPoints(
        xyz[None], np.zeros(3), np.zeros(3), K, DISTORTIONS["equidistant"]
    )[0][0]
    assert found.valid.sum() > 1000
    assert np.abs(found.uv - expected)[found.valid].max() < 1e-3


@pytest.mark.parametrize("count", [4, 5, 8, 12, 14])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_number_of_coefficients_equals_opencv(count: int, dtype: type) -> None:
    prism = [0.004, -0.002, -0.003, 0.001]
    d = np.array([*DISTORTIONS["rational_polynomial"], *prism, 0.03, -0.02])[:count]
    if count < 8:
        d = DISTORTIONS["plumb_bob"][:count]
    model = "plumb_bob" if count < 8 else "rational_polynomial"
    xyz = cloud().astype(dtype)
    camera = CameraModel.from_calibration(calibration(model, d=d))
    found = camera.project(xyz)
    expected = cv2.projectPoints(xyz.astype(float), np.zeros(3), np.zeros(3), K, d)[0][:, 0]
    assert found.valid.sum() > 1000
    assert np.abs(found.uv - expected)[found.valid].max() < 1e-3
    rays = camera.unproject(found.uv[found.valid].astype(float))
    seen = xyz[found.valid]
    assert rays == pytest.approx(seen / seen[:, 2:], abs=1e-5)


def test_a_cloud_in_another_frame_is_seen_as_if_it_were_moved() -> None:
    turn = cv2.Rodrigues(np.array([0.3, -0.2, 0.1]))[0]
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = turn, (0.5, -0.2, 1)
    camera = CameraModel.from_calibration(calibration("plumb_bob"))
    xyz = cloud()
    hits = camera.hits((xyz - T[:3, 3]) @ turn, T)
    whole = camera.project(xyz)
    assert hits.index.tolist() == np.flatnonzero(whole.valid).tolist()
    uv = np.stack([hits.u, hits.v], 1)
    assert uv == pytest.approx(whole.uv[whole.valid], abs=1e-3)
    assert hits.depth == pytest.approx(xyz[hits.index, 2])


def test_rectified_images_are_turned_by_r() -> None:
    turn = cv2.Rodrigues(np.array([0.0, 0.1, 0.0]))[0]
    camera = CameraModel.from_calibration(calibration("plumb_bob", r=turn), rectified=True)
    # An x of tan(0.1) to the left is turned into the optical axis.
    ray = np.array([[-np.tan(0.1), 0, 1.0]])
    assert camera.project(ray).uv[0] == pytest.approx([479.5, 269.5], abs=1e-3)
    assert camera.unproject(np.array([[479.5, 269.5]])) == pytest.approx(ray)


def test_pixels_that_no_ray_leads_to_have_no_ray() -> None:
    barrel = calibration("plumb_bob", d=np.array([-0.3, 0, 0, 0, 0]), width=2000)
    # The rim lies at 600 px x 1.054 (1 - 0.3 x 1.054^2) = 421.6 px from the centre.
    rays = CameraModel.from_calibration(barrel).unproject(np.array([[899.0, 269.5], [903, 269.5]]))
    assert np.isfinite(rays[0]).all()
    assert np.isnan(rays[1, 0])


def test_equal_calibrations_share_a_model() -> None:
    first = CameraModel.from_calibration(calibration("equidistant"))
    assert CameraModel.from_calibration(calibration("equidistant")) is first
    assert CameraModel.from_calibration(calibration("equidistant", width=900)) is not first


@pytest.mark.parametrize("model", ["", *DISTORTIONS])
@given(u=st.floats(0, 959), v=st.floats(0, 539), depth=st.floats(0.5, 80))
def test_a_pixels_ray_leads_back_to_it(model: str, u: float, v: float, depth: float) -> None:
    camera = CameraModel.from_calibration(calibration(model))
    ray = camera.unproject(np.array([[u, v]]))
    back = camera.project(ray * depth)
    assert back.valid[0]
    assert back.uv[0] == pytest.approx([u, v], abs=5e-3)
    assert back.depth[0] == pytest.approx(depth, rel=1e-6)


def test_nothing_folds_back_into_the_image() -> None:
    # r (1 - 0.3 r^2) turns round at r = 1.054 (46.5 degrees) and is back at 0 at r = 1.826.
    barrel = np.array([-0.3, 0, 0, 0, 0])
    angles = np.radians(np.arange(0, 89))
    xyz = np.stack([np.tan(angles), np.zeros_like(angles), np.ones_like(angles)], 1)
    folded = cv2.projectPoints(xyz, np.zeros(3), np.zeros(3), K, barrel)[0][:, 0, 0]
    assert 479 < folded[60] < 960
    wide = calibration("plumb_bob", d=barrel, width=2000)
    found = CameraModel.from_calibration(wide).project(xyz)
    assert np.flatnonzero(found.valid).tolist() == list(range(47))


def test_nothing_behind_or_broken_is_valid() -> None:
    xyz = np.array(
        [[0, 0, -5], [0, 0, 0], [np.nan, 0, 5], [0, np.inf, 5], [0, 0, np.nan], [0, 0, 5]]
    )
    for model in DISTORTIONS:
        assert CameraModel.from_calibration(calibration(model)).project(xyz).valid.tolist() == [
            False
        ] * 5 + [True]


def test_the_image_ends_half_a_pixel_beyond_its_last_centre() -> None:
    camera = CameraModel.from_calibration(calibration())
    xyz = np.array([[(u - K[0, 2]) / 600, 0, 1] for u in (-0.51, -0.49, 959.49, 959.51)])
    assert camera.project(xyz).valid.tolist() == [False, True, True, False]


def test_rectified_images_use_p_and_no_distortion() -> None:
    p = np.array([[300.0, 0, 480, -30], [0, 300, 270, 0], [0, 0, 1, 0]])
    camera = CameraModel.from_calibration(calibration("plumb_bob", p=p), rectified=True)
    assert camera.project(np.array([[0.5, 0.1, 1.0]])).uv[0].tolist() == [600, 300]


def test_the_whole_last_column_of_p_counts_at_any_size() -> None:
    # P2 of KITTI's first frame, with ten times its offset in depth.
    p = np.array([[707.0, 0, 604, 45.8], [0, 707, 180.5, -0.35], [0, 0, 1, 0.05]])
    x, y, w = p @ [0.5, 0.1, 2.0, 1]
    full = replace(calibration(p=p), width=1224, height=370)
    for cal, scale in ((full, 1), (scale_calibration(full, 306, 185), (0.25, 0.5))):
        uv = (
            CameraModel.from_calibration(cal, rectified=True)
            .project(np.array([[0.5, 0.1, 2.0]]))
            .uv
        )
        expected = (np.array([x / w, y / w]) + 0.5) * scale - 0.5
        np.testing.assert_allclose(uv[0], expected, atol=1e-4)


def test_region_of_interest_and_binning_lead_to_the_published_image() -> None:
    full = calibration("plumb_bob")
    cropped = replace(full, roi=RegionOfInterest(100, 40, 600, 400), binning_x=2, binning_y=2)
    camera = CameraModel.from_calibration(cropped)
    assert (camera.width, camera.height) == (300, 200) == published_size(cropped)
    xyz = np.array([[0.05, -0.02, 1.0]])
    u, v = CameraModel.from_calibration(full).project(xyz).uv[0]
    assert camera.project(xyz).uv[0] == pytest.approx(
        [(u - 100 + 0.5) / 2 - 0.5, (v - 40 + 0.5) / 2 - 0.5], abs=1e-3
    )


@given(width=st.integers(16, 4000), height=st.integers(16, 4000))
def test_a_scaled_calibration_sees_the_same_rays(width: int, height: int) -> None:
    cropped = replace(
        calibration("plumb_bob"), roi=RegionOfInterest(100, 40, 600, 400), binning_x=2
    )
    before, scaled = (
        CameraModel.from_calibration(cropped),
        scale_calibration(cropped, width, height),
    )
    after = CameraModel.from_calibration(scaled)
    assert (after.width, after.height) == (width, height)
    edges = np.array([[-0.5, -0.5], [before.width - 0.5, before.height - 0.5]])
    other = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]])
    assert after.unproject(other) == pytest.approx(before.unproject(edges), abs=1e-6)


def test_a_hidden_crop_moves_the_principal_point() -> None:
    moved = shift_principal_point(calibration(), 0, -325)
    assert moved.k[1, 2] == K[1, 2] - 325
    assert moved.p[1, 2] == K[1, 2] - 325
    camera = CameraModel.from_calibration(calibration(), principal_point_offset_px=(0, -100))
    assert camera.cy == K[1, 2] - 100


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"k": np.zeros((3, 3))}, "the camera is not calibrated"),
        (
            {"distortion_model": "fisheye8", "d": np.ones(3)},
            "'fisheye8' with 3 coefficients: expected plumb_bob",
        ),
        ({"d": np.full(5, np.nan)}, "expected finite numbers"),
        ({"roi": RegionOfInterest(900, 0, 100, 100)}, "expected one inside the other"),
        ({"width": 0}, "sensor 0x540"),
    ],
)
def test_what_is_no_lens_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(CalibrationError, match=sentence):
        CameraModel.from_calibration(calibration("plumb_bob", **changes))


# Lenses as calibrated: a 120 degree action camera, a car's surround camera, a depth camera's
# colour lens with eight coefficients, a 190 degree fisheye. Each has its image far beyond the
# place where its polynomials turn round.
STRONG = {
    "action": ("plumb_bob", [-0.2582, 0.0772, 0.0003, -0.0007, -0.0106], 460.0),
    "surround": ("plumb_bob", [-0.3691, 0.1968, 0.0013, -0.0004, -0.0677], 770.0),
    "no k3": ("plumb_bob", [-0.42, 0.19, -0.001, 0.002], 500.0),
    "rational": (
        *("rational_polynomial", [9.81, 5.30, -0.0002, 0.0001, 0.2, 10.2, 8.6, 1.48]),
        *(480.0,),
    ),
    "colour": (
        *("rational_polynomial", [0.4467, -2.4316, 0.0009, -0.0002, 1.4048, 0.3242, -2.2589]),
        *(612.0,),
    ),
    "fisheye": ("equidistant", [-0.0137, 0.0207, -0.0182, 0.0049], 330.0),
    "bent fisheye": ("equidistant", [0.08, -0.12, 0.05, -0.02], 250.0),
}


def strong(name: str) -> CameraModel:
    model, d, focal = STRONG[name]
    if model == "rational_polynomial" and len(d) == 7:
        d = [*d, 1.3338]
    k = np.array([[focal, 0, 959.5], [0, focal, 539.5], [0, 0, 1]])
    return CameraModel.from_calibration(Calibration(1920, 1080, k, model, np.array(d)))


@pytest.mark.parametrize("name", STRONG)
@given(
    direction=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    distance=st.floats(0.1, 100),
)
def test_a_pixel_shows_only_what_lies_on_its_own_ray(
    name: str, direction: tuple[float, ...], distance: float
) -> None:
    camera = strong(name)
    point = np.array([direction]) / np.linalg.norm(direction) * distance
    found = camera.project(point)
    if not found.valid[0]:
        return
    assert point[0, 2] > 0
    ray = camera.unproject(found.uv.astype(float))[0]
    assert ray / np.linalg.norm(ray) == pytest.approx(point[0] / distance, abs=2e-3)


@pytest.mark.parametrize("name", STRONG)
def test_every_pixel_that_has_a_ray_is_found_again(name: str) -> None:
    camera = strong(name)
    u, v = np.meshgrid(np.linspace(0, 1919, 41), np.linspace(0, 1079, 31))
    uv = np.stack([u.ravel(), v.ravel()], 1)
    rays = camera.unproject(uv)
    has_ray = np.isfinite(rays).all(1)
    assert has_ray[len(uv) // 2]
    assert has_ray.mean() > 0.1
    back = camera.project(rays[has_ray] * 7.0)
    assert back.valid.mean() > 0.99
    assert np.abs(back.uv - uv[has_ray])[back.valid].max() < 5e-3


@given(
    u=st.floats(0, 299),
    v=st.floats(0, 199),
    depth=st.floats(0.5, 80),
    dx=st.floats(-40, 40),
    turn=st.tuples(*[st.floats(-0.1, 0.1)] * 3),
)
def test_a_pixels_ray_leads_back_in_cropped_binned_and_rectified_images(
    u: float, v: float, depth: float, dx: float, turn: tuple[float, ...]
) -> None:
    r = cv2.Rodrigues(np.array(turn))[0]
    cropped = calibration(
        "plumb_bob", r=r, roi=RegionOfInterest(100, 40, 600, 400), binning_x=2, binning_y=2
    )
    for rectified in (False, True):
        camera = CameraModel.from_calibration(
            cropped, rectified=rectified, principal_point_offset_px=(dx, -dx)
        )
        back = camera.project(camera.unproject(np.array([[u, v]])) * depth)
        assert back.valid[0]
        assert back.uv[0] == pytest.approx([u, v], abs=5e-3)

"""Other light, colours, focus and sensors: what may change in a picture and leave its labels."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.corruptions.coding import jpeg
from seg_perception.corruptions.lens import dirt, rain_drops
from seg_perception.corruptions.light import add_noise, expose, haze
from seg_perception.corruptions.motion import motion_blur
from seg_perception.training.config import AugmentationConfig

Rng = np.random.Generator
Image = NDArray[np.uint8]

# A leaf is brighter in near infrared than in green, the sky and water are dark there. A rough
# imitation, red, green, blue; the weights sum to 1.
_INFRARED = (0.2, 1.3, -0.5)
_MOST_DROPS = 40
_MOST_DIRT = 0.2


def augment_photometry(image: Image, config: AugmentationConfig, rng: Rng) -> Image:
    """Vary a uint8 (H, W, 3) RGB image, in the order in which the world and a camera do."""
    if config.voronoi and rng.random() < config.voronoi:
        image = diversify(image, config.voronoi_cells, rng)
    image = np.asarray(cv2.LUT(image, _tone_tables(config, rng)), np.uint8)
    image = _vary_colour(image, config, rng)
    image = _vary_view(image, config, rng)
    if rng.random() < config.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4)), np.uint8)
    return _vary_sensor(image, config, rng)


def diversify(image: Image, cells: int, rng: Rng) -> Image:
    """Give every cell of a random Voronoi diagram colour statistics of its own.

    Mean and deviation of each channel are exchanged in each cell, as AdaIN does with
    features, so that shapes and not colours tell the classes ("Texture-Shape Bias
    Balancing", ECML-PKDD 2026).

    Args:
        image: uint8 (H, W, 3).
        cells: number of sites.
        rng: places them and draws the statistics.
    """
    cell = _voronoi(image.shape[:2], cells, rng)
    flat = image.reshape(-1, 3).astype(np.float32)
    area = np.maximum(np.bincount(cell, minlength=cells), 1)[:, None]
    mean = np.stack([np.bincount(cell, c, cells) for c in flat.T], axis=1) / area
    square = np.stack([np.bincount(cell, c * c, cells) for c in flat.T], axis=1) / area
    deviation = np.sqrt(np.maximum(square - mean**2, 1.0))
    new_mean = mean + rng.normal(0, 25, mean.shape)
    new_deviation = deviation * np.exp(rng.normal(0, 0.3, mean.shape))
    gain = (new_deviation / deviation).astype(np.float32)
    offset = (new_mean - gain * mean).astype(np.float32)
    changed = flat * gain[cell] + offset[cell]
    return np.clip(changed.round(), 0, 255).astype(np.uint8).reshape(image.shape)


def turn_hue(image: Image, angle_rad: float) -> Image:
    """Turn every colour about the grey axis; uint8 (H, W, 3) RGB.

    Rodrigues' formula with the axis (1, 1, 1) / sqrt(3).
    """
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.cross(np.eye(3), axis).T
    matrix = cosine * np.eye(3) - sine * cross + (1 - cosine) * np.outer(axis, axis)
    return np.asarray(cv2.transform(image, matrix), np.uint8)


def to_infrared(image: Image) -> Image:
    """What a near infrared camera sees of a uint8 (H, W, 3) RGB image: three equal channels."""
    return np.asarray(cv2.transform(image, np.array([_INFRARED] * 3)), np.uint8)


def _vary_colour(image: Image, config: AugmentationConfig, rng: Rng) -> Image:
    if config.infrared and rng.random() < config.infrared:
        return to_infrared(image)
    if config.hue_rad:
        image = turn_hue(image, rng.uniform(-config.hue_rad, config.hue_rad))
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    saturation = (
        0.0
        if rng.random() < config.grey
        else rng.uniform(max(0.0, 1 - config.saturation), 1 + config.saturation)
    )
    return np.asarray(cv2.addWeighted(image, saturation, grey, 1 - saturation, 0), np.uint8)


def _voronoi(size: tuple[int, ...], cells: int, rng: Rng) -> NDArray[np.int64]:
    """int64 (H * W,): the nearest site, worked out on a grid of 4x4 pixels."""
    height, width = size
    rows, columns = np.mgrid[0:height:4, 0:width:4]
    sites = rng.uniform((0, 0), (height, width), (cells, 2))
    distance = (rows[..., None] - sites[:, 0]) ** 2 + (columns[..., None] - sites[:, 1]) ** 2
    nearest = distance.argmin(axis=-1)
    return nearest.repeat(4, axis=0).repeat(4, axis=1)[:height, :width].ravel()


def _tone_tables(config: AugmentationConfig, rng: Rng) -> NDArray[np.uint8]:
    """uint8 (1, 256, 3): gamma, contrast, brightness and a gain per channel in one table."""
    value = np.linspace(0, 1, 256)[:, None]
    value = value ** np.exp(rng.uniform(-1, 1) * np.log(config.gamma))
    gain = rng.uniform(1 - config.contrast, 1 + config.contrast) * rng.uniform(
        1 - config.colour, 1 + config.colour, 3
    )
    value = (value - 0.5) * gain + 0.5 + rng.uniform(-config.brightness, config.brightness)
    return np.asarray(np.clip(value * 255, 0, 255).round(), np.uint8)[None]


def _vary_view(image: Image, config: AugmentationConfig, rng: Rng) -> Image:
    """Air and glass before the camera, and its own motion."""
    if _happens(config.haze, rng):
        image = haze(image, rng.uniform(0.25, 0.9))
    if _happens(config.drops, rng):
        image = rain_drops(image, int(rng.integers(1, _MOST_DROPS + 1)), rng)
    if _happens(config.dirt, rng):
        image = dirt(image, rng.uniform(0.01, _MOST_DIRT), rng)
    if _happens(config.motion_blur, rng):
        length_px = rng.uniform(2, config.motion_blur_px)
        image = motion_blur(image, length_px, rng.uniform(0, math.pi))
    return image


def _vary_sensor(image: Image, config: AugmentationConfig, rng: Rng) -> Image:
    """Light, then the noise that does not get less with it, then what coding loses."""
    deviation, colour = rng.uniform(0, config.noise), False
    if _happens(config.darkness, rng):
        factor = float(np.exp(rng.uniform(np.log(config.darkness_factor), np.log(0.7))))
        image, deviation = expose(image, factor), rng.uniform(0, config.darkness_noise)
        colour = True
    image = add_noise(image, deviation, rng, colour=colour or _happens(config.colour_noise, rng))
    if _happens(config.jpeg, rng):
        image = jpeg(image, int(rng.integers(config.jpeg_quality, 60)))
    return image


def _happens(probability: float, rng: Rng) -> bool:
    """A key that is zero draws nothing, so that it changes no other key's draws."""
    return probability > 0 and rng.random() < probability

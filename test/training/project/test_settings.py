"""Sizes and steps follow from the images."""

import pytest

from seg_perception.training.config import TrainingConfig
from seg_perception.training.project.settings import Settings


@pytest.mark.parametrize(
    ("size", "network", "crop"),
    [
        # Small images keep their size; larger ones have the pixels of 512x288, in their own shape.
        ((96, 64), (96, 64), (64, 32)),
        ((1920, 1080), (512, 288), (320, 192)),
        ((640, 480), (448, 320), (288, 192)),
        ((20, 20), (32, 32), (32, 32)),
    ],
)
def test_the_network_has_the_shape_of_the_images(size, network, crop) -> None:
    settings = Settings.suited(size, 100)
    assert (settings.network_size, settings.crop) == (network, crop)


@pytest.mark.parametrize(("images", "steps"), [(10, 300), (400, 1500), (9000, 3000)])
def test_steps_grow_with_the_images_within_bounds(images: int, steps: int) -> None:
    assert Settings.suited((96, 64), images).steps == steps
    assert Settings.suited((96, 64), images, steps=7).steps == 7


@pytest.mark.parametrize("init", ["field_tiny", ""])
def test_they_are_a_configuration(init: str) -> None:
    document = Settings.suited((96, 64), 10).document(init)
    source = {"name": "a", "folder": "a", "mapping": "m.yaml"}
    config = TrainingConfig.model_validate({"ontology": "field", "sources": [source], **document})
    assert config.init == init
    assert config.model.pretrained is not bool(init)

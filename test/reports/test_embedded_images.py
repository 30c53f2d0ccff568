"""Pictures in a page."""

import base64

import cv2
import numpy as np

from seg_perception.reports.embedded_images import ImageEmbedder


def pixels(picture):
    data = base64.b64decode(picture.src.partition(",")[2])
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)


def test_a_drawing_keeps_its_colours_and_a_photo_nearly():
    image = np.zeros((8, 12, 3), np.uint8)
    image[:, 6:] = (200, 30, 10)
    embedder = ImageEmbedder(10_000)
    assert (pixels(embedder.drawing(image, "two halves")) == image).all()
    photo = pixels(embedder.photo(np.full_like(image, (200, 30, 10)), "one colour"))
    assert np.abs(photo.astype(int) - (200, 30, 10)).max() < 6


def test_wide_pictures_shrink_and_labels_are_not_mixed():
    stripes = np.zeros((100, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    picture = ImageEmbedder(10**6, width=300).drawing(stripes, "stripes")
    assert (picture.width, picture.height) == (300, 38)
    assert set(np.unique(pixels(picture))) <= {0, 255}


def test_what_is_over_the_budget_is_left_out_and_counted():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    embedder = ImageEmbedder(30_000)
    made = [embedder.drawing(noise, "noise") for _ in range(3)]
    assert [picture is None for picture in made] == [False, True, True]
    assert embedder.left_out == 2
    assert len(made[0].src) <= 30_000

"""Where prediction and truth differ, as a picture."""

import numpy as np

from seg_perception.evaluation.report.frames import difference


def test_what_is_right_keeps_the_picture_and_what_is_wrong_is_red():
    image = np.full((2, 2, 3), 100, np.uint8)
    drawn = difference(image, np.array([[0, 1], [0, 1]], np.uint8))
    assert drawn[0, 0].tolist() == [160, 160, 160]
    red, green, blue = drawn[0, 1].tolist()
    assert red > 2 * green > 2 * blue

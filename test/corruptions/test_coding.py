import numpy as np

from seg_perception.corruptions.coding import jpeg


def test_a_low_quality_loses_more_and_channels_keep_their_order() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :16] = (230, 40, 20)
    image[:, 16:] = (20, 60, 220)
    fine, coarse = jpeg(image, 90).astype(int), jpeg(image, 5).astype(int)
    assert np.abs(fine - image).mean() < np.abs(coarse - image).mean()
    assert coarse[8, 4, 0] > 150 > coarse[8, 4, 2]
    assert coarse[8, 28, 2] > 150 > coarse[8, 28, 0]

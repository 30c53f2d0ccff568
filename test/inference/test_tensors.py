"""Input tensors, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from seg_perception.inference.manifest import NetworkInput
from seg_perception.inference.tensors import make_packer


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """Every pixel and channel has a value of its own."""
    return np.arange(8 * 10 * 3, dtype=np.uint8).reshape(8, 10, 3)


def test_bytes_go_as_they_are(image: NDArray[np.uint8]) -> None:
    packer = make_packer(NetworkInput(width=10, height=8))
    tensor = packer.pack(image)
    packer.spec.expect_array(tensor)
    np.testing.assert_array_equal(tensor, image[None])


def test_bytes_as_planes_in_bgr(image: NDArray[np.uint8]) -> None:
    packer = make_packer(NetworkInput(width=10, height=8, layout="NCHW", channels="bgr"))
    tensor = packer.pack(image)
    packer.spec.expect_array(tensor)
    assert tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor[0, 0], image[..., 2])
    np.testing.assert_array_equal(tensor[0, 2], image[..., 0])


def test_imagenet_normalisation(image: NDArray[np.uint8]) -> None:
    """The grey of 128 is (128/255 - 0.485) / 0.229 = 0.0741 in red, 0.2052 and 0.4265."""
    image[0, 0] = 128
    packer = make_packer(
        NetworkInput(
            width=10,
            height=8,
            dtype="float32",
            layout="NCHW",
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
        )
    )
    tensor = packer.pack(image)
    packer.spec.expect_array(tensor)
    assert tensor[0, :, 0, 0] == pytest.approx([0.07407, 0.20518, 0.42649], abs=1e-5)


def test_a_mean_in_bytes_needs_scale_one(image: NDArray[np.uint8]) -> None:
    """Caffe: BGR, mean 104, 117, 123 in the order of the network's channels."""
    image[3, 4] = (255, 128, 0)
    packer = make_packer(
        NetworkInput(
            width=10,
            height=8,
            dtype="float32",
            channels="bgr",
            scale=1.0,
            mean=(104.0, 117.0, 123.0),
        )
    )
    tensor = packer.pack(image)
    packer.spec.expect_array(tensor)
    assert tensor[0, 3, 4].tolist() == [-104.0, 11.0, 132.0]

"""Files of pictures are decoded only where their header lets one expect to get through."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import seg_perception
from fuzz import bombs
from seg_perception.io.image_files import decode_file, write_image

PIXELS = cv2.resize(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), (64, 48))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff"])
def test_what_opencv_writes_is_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_image(path, PIXELS, ValueError)
    found = decode_file(path, cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(found, cv2.imread(str(path), cv2.IMREAD_COLOR))


@pytest.mark.parametrize("content", [b"", b"none", bombs.picture(32000, 32000)])
def test_what_is_none_or_too_large_is_not_decoded(tmp_path, monkeypatch, content):
    (tmp_path / "a.png").write_bytes(content)
    if len(content) > 100:
        monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    assert decode_file(tmp_path / "a.png", cv2.IMREAD_UNCHANGED) is None
    assert decode_file(tmp_path / "missing.png", cv2.IMREAD_UNCHANGED) is None


def test_opencv_is_nowhere_asked_to_read_a_file():
    """Its own reader decodes a JPEG or PNG file whatever its header declares."""
    files = Path(next(iter(seg_perception.__path__))).rglob("*.py")
    assert [file.name for file in files if "imread(" in file.read_text()] == []

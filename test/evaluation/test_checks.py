"""What does not fit is said before the work."""

import cv2
import numpy as np
import pytest

from .conftest import with_truth


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({"size": (24, 32)}, [], "expected a truth of the image's size 64x48, got 32x24"),
        ({"truth": 7}, [], r"ids [7] are not in ontology colours"),
        ({"shift_ms": 30}, [], "none of the first 4 has a truth within 0.005 s"),
        ({}, ["--truth", "/nowhere"], "has no topic /nowhere"),
        ({}, ["--truth", "camera.rear=/camera/front/truth"], "no stream camera.rear"),
        (
            {},
            ["--truth-ontology", "rellis"],
            "does not fit the truth's rellis in class mapping fine",
        ),
        ({}, ["--class-mapping", "coarse"], "no class mapping 'coarse'"),
        ({}, ["--protocol", "nothing"], "expected a protocol's .yaml file"),
    ],
)
def test_what_does_not_fit_is_said_before_the_work(world, run, changes, options, sentence):
    done, out = run(world.bag(with_truth(world, **changes)), options=options)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert not out.exists()


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.asarray(pixels, np.uint8))


def test_jpeg_sizes_are_read_from_the_header(tmp_path):
    from seg_perception.evaluation.checks import image_size

    save(tmp_path / "a.jpg", np.zeros((40, 60, 3)))
    save(tmp_path / "a.png", np.zeros((41, 61, 3)))
    (tmp_path / "a.txt").write_text("no image")
    sizes = [image_size(tmp_path / f"a.{suffix}") for suffix in ("jpg", "png", "txt")]
    assert sizes == [(60, 40), (61, 41), None]

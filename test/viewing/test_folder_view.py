"""The folder of labels that `label` writes, in Rerun."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def labels(tmp_path, tiny_bundle):
    """Of a red and of a green image."""
    (tmp_path / "photos" / "day.1").mkdir(parents=True)
    for name, channel in (("day.1/a.b.png", 2), ("c.png", 1)):
        image = np.zeros((48, 64, 3), np.uint8)
        image[..., channel] = 200
        cv2.imwrite(str(tmp_path / "photos" / name), image)
    run("label", tmp_path / "photos", "-o", tmp_path / "labels", "--bundle", tiny_bundle)
    return tmp_path / "labels"


def test_overlays_and_class_ids_come_one_after_the_other(labels, rrd, tmp_path):
    file = tmp_path / "out.rrd"
    assert "labels: 2 images" in run("view", labels, "--save", file).stdout.replace("\n", "")
    found = rrd(file)
    assert found.timelines == {"number"}
    assert found.classes()[1] == ("green", "#00ff00")
    rows = found.rows("/labels", "SegmentationImage:buffer", "number")
    assert [number for number, _ in rows] == [0, 1]
    # In the order of their names: c.png is green, day.1/a.b.png red.
    assert [set(value[0]) for _, value in rows] == [{1}, {0}]
    assert len(found.rows("/overlays", "EncodedImage:blob", "number")) == 2


def test_a_folder_without_labels_is_refused(labels, tmp_path):
    for file in labels.rglob("*.png"):
        file.unlink()
    output = run("view", labels, "--save", tmp_path / "out.rrd", code=2).output
    assert "found none; label it again" in output.replace("\n", " ")
    assert not (tmp_path / "out.rrd").exists()

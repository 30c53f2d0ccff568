"""Confidence put right: shares that numpy counts, and a tiny bundle from end to end."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import LabelledImage
from seg_perception.fitting.confidence import (
    ClassLevels,
    calibrate_confidence,
    expect_classes,
    fit_classes,
)
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.calibrated_confidence import calibrated, confidence_table
from seg_perception.inference.manifest import ClassConfidence
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeEngine
from seg_perception.inference.self_test import Thresholds, self_test

WIDTH, HEIGHT = 64, 48
LEVEL = 200


def counted(shares: dict[int, float], classes: int = 2) -> ClassLevels:
    """Every class found in many pictures at these levels, right at these shares."""
    levels = ClassLevels(classes)
    for level, share in shares.items():
        levels.counts[:, level] = round(100_000 * (1 - share)), round(100_000 * share)
    levels.pictures[:] = 100
    return levels


def test_confidence_becomes_the_share_that_is_right() -> None:
    """Two levels and two numbers: the line through both."""
    table = confidence_table(fit_classes(counted({128: 0.3, 230: 0.7})))
    np.testing.assert_allclose(table[0, [128, 230]] / 255, [0.3, 0.7], atol=0.005)
    assert (np.diff(table[0].astype(int)) >= 0).all()


def test_each_class_by_its_own_pictures_and_by_eighty_of_all() -> None:
    """All together are right at 0.633; a class in 100 pictures weighs as 100 to 80."""
    levels = counted({200: 0.5}, classes=3)
    levels.counts[1, 200] = 10_000, 90_000
    levels.pictures[2] = 1
    first, second, rare = confidence_table(fit_classes(levels))[:3, 200] / 255
    assert first == pytest.approx((0.5 + 0.8 * 0.633) / 1.8, abs=0.01)
    assert second == pytest.approx((0.9 + 0.8 * 0.633) / 1.8, abs=0.01)
    assert rare == pytest.approx(0.633, abs=0.01)


def test_what_is_always_right_stays_finite_and_sure() -> None:
    (found,) = fit_classes(counted({250: 1.0}, classes=1))
    assert np.isfinite([found.slope, found.offset]).all()
    assert confidence_table([found])[0, 250] >= 253


def test_unknown_pixels_keep_their_confidence() -> None:
    table = confidence_table([ClassConfidence(slope=1.0, offset=-2.0)])
    labels, confidence = np.array([[0, 255]], np.uint8), np.array([[200, 200]], np.uint8)
    found = calibrated(labels, confidence, table)
    # 200.5 of 256 are odds of 3.61; a seventh of e squared of that is 0.489, or a share of 0.328.
    assert found.tolist() == [[84, 200]]


@pytest.fixture
def bundle(tmp_path: Path, colour_model) -> Bundle:
    """Reddest pixels are class 0, and so on; it is sure to 200 of 255 of all."""
    classes = [{"id": n, "name": f"class_{n}", "color": f"#{n:06x}"} for n in range(3)]
    source: BundleSource = colour_model.source(WIDTH, HEIGHT)
    image, labels = picture(0)
    confidence = np.full(labels.shape, LEVEL, np.uint8)
    made = replace(
        source,
        ontology=Ontology.parse({"name": "tiny", "classes": classes}, "test"),
        golden=[(image, labels, confidence)],
    )
    return write_bundle(tmp_path / "before", made)


def picture(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    labels = np.random.default_rng(seed).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    np.put_along_axis(image, labels[..., None].astype(np.int64), 200, axis=2)
    return image, labels


class Held:
    """Pictures in which half of class 1 is wrong."""

    def __len__(self) -> int:
        return 800

    def __getitem__(self, index: int) -> LabelledImage:
        image, labels = picture(index)
        wrong = (labels == 1) & (np.arange(WIDTH) % 2 == 0)
        return LabelledImage(str(index), image, np.where(wrong, 2, labels).astype(np.uint8))


def test_a_bundle_is_put_right_and_its_golden_frames_with_it(
    bundle: Bundle, tmp_path: Path
) -> None:
    made = calibrate_confidence(bundle, tmp_path / "after", [Held()])
    engine = OnnxRuntimeEngine(made, ["CPUExecutionProvider"])
    image, labels = picture(7)
    answer = engine.infer(image)
    np.testing.assert_array_equal(answer.labels, labels)
    sure = [np.unique(answer.confidence[labels == n]) / 255 for n in range(3)]
    # Of 800 pictures of each class and 80 of all, which are right in 5 of 6.
    shares = [(share + 0.1 * 5 / 6) / 1.1 for share in (1, 0.5, 1)]
    np.testing.assert_allclose(np.concatenate(sure), shares, atol=0.01)
    assert self_test(engine, Thresholds(max_confidence_error=0.001)).passed
    said = made.manifest.confidence
    assert said is not None
    # 5 of 6 labels are right, and the network says 0.784 of all.
    assert said.ece[0] == pytest.approx(100 * (5 / 6 - 200 / 255), abs=0.3)
    assert said.ece[1] < said.ece[0]
    assert said.aurc[0] == pytest.approx(100 / 6, abs=0.3)
    assert said.aurc[1] < 5


def test_it_is_calibrated_anew_on_a_bundle_that_is(bundle: Bundle, tmp_path: Path) -> None:
    first = calibrate_confidence(bundle, tmp_path / "first", [Held()])
    again = calibrate_confidence(first, tmp_path / "again", [Held()])
    assert again.manifest == first.manifest


def test_few_pictures_and_other_classes_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    class Few(Held):
        def __len__(self) -> int:
            return 3

    with pytest.raises(DatasetError, match=r"expected 8 labelled pictures or more .* got 3"):
        calibrate_confidence(bundle, tmp_path / "after", [Few()])
    with pytest.raises(DatasetError, match="expected pictures labelled with the classes of tiny"):
        expect_classes(bundle, Ontology.load("field"))


def test_the_command(bundle: Bundle, tmp_path: Path) -> None:
    root = tmp_path / "set"
    for part in ("images", "masks_src"):
        (root / part).mkdir(parents=True)
    held = Held()
    for number in range(12):
        image = held[number]
        cv2.imwrite(str(root / "images" / f"{number}.png"), image.image[..., ::-1])
        cv2.imwrite(str(root / "masks_src" / f"{number}.png"), image.targets)
    ontology = bundle.ontology.model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "ontology.yaml").write_text(yaml.safe_dump(ontology))
    classes = {n: {"name": f"class_{n}", "as": [f"class_{n}"]} for n in range(3)}
    (root / "mapping.yaml").write_text(yaml.safe_dump({"classes": classes}))
    names = [str(number) for number in range(12)]
    (tmp_path / "split.yaml").write_text(
        yaml.safe_dump({"train": names[:2], "validation": names[2:]})
    )
    run = {
        "ontology": "ontology.yaml",
        "sources": [{"name": "s", "folder": "set", "split": "split.yaml"}],
        "steps": 1,
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(run))
    arguments = ["bundle", "calibrate-confidence", str(bundle.folder), str(tmp_path / "run.yaml")]
    arguments += ["--data-root", str(tmp_path), "-o", str(tmp_path / "after"), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["confidence"]["pictures"] == 10
    assert Bundle.load(tmp_path / "after").manifest.confidence is not None

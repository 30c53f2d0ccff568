"""Labels of an image: at its size, with names, as pictures and files."""

import re

import cv2
import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from seg_perception import ImageLabels, Model
from seg_perception.config import Config
from seg_perception.core.errors import BundleError, ConfigError, ImageError

RED, GREEN, BLUE, UNKNOWN = 0, 1, 2, 255


def test_labels_have_the_image_s_size_and_names(model, stripes):
    labels = model.label(stripes)
    assert labels.labels.shape == labels.confidence.shape == (48, 64)
    assert labels.label_map.labels.shape == (24, 32)
    assert (labels.labels[:, :32] == RED).all()
    assert (labels.labels[:, 32:] == GREEN).all()
    assert labels.shares == {"red": 0.5, "green": 0.5}
    assert labels.where("green").sum() == labels.where("green", "blue").sum() == 48 * 32
    assert np.array_equal(np.asarray(labels), labels.labels)
    assert repr(labels) == "<ImageLabels 64x48: red 50%, green 50%>"
    assert labels.colors[0, 0].tolist() == [255, 0, 0]
    assert labels.stamp_ns is None
    assert model.label(stripes, stamp_ns=7).stamp_ns == 7


def test_a_file_and_an_array_give_the_same(model, stripes, tmp_path):
    cv2.imwrite(str(tmp_path / "image.png"), stripes[..., ::-1])
    for path in (tmp_path / "image.png", str(tmp_path / "image.png")):
        assert np.array_equal(model.label(path).labels, model.label(stripes).labels)
    with pytest.raises(ImageError, match=re.escape("absent.png: expected an image file")):
        model.label(tmp_path / "absent.png")


def test_a_class_that_does_not_exist_is_told_apart(model, stripes):
    labels = model.label(stripes)
    with pytest.raises(ConfigError, match="did you mean 'green'"):
        labels.where("gren")
    with pytest.raises(ConfigError, match="no grouping 'colour'"):
        labels.grouped("colour")


def test_groups_are_labels_of_their_own(model, stripes):
    grouped = model.label(stripes).grouped("traversability")
    assert grouped.shares == {"drivable": 0.5, "rough": 0.5}
    assert model.groupings == ("traversability",)
    assert grouped.overlay().shape == stripes.shape


def test_the_overlay_mixes_colours_and_leaves_unknown_pixels(model, stripes):
    labels = ImageLabels.from_mask(np.full((48, 64), 255), model.ontology, stripes)
    assert np.array_equal(labels.overlay(), stripes)
    assert labels.shares == {"unknown": 1.0}
    assert repr(labels) == "<ImageLabels 64x48: nothing known>"
    assert model.label(stripes).overlay(0.5)[0, 0].tolist() == [228, 0, 0]
    assert model.label(stripes).overlay(legend=True).shape[0] > 48


def test_ids_are_written_without_loss_and_pictures_for_people(model, stripes, tmp_path):
    labels = model.label(stripes)
    labels.save(tmp_path / "ids.png")
    read = cv2.imread(str(tmp_path / "ids.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read, labels.labels)
    with pytest.raises(ImageError, match="save_overlay"):
        labels.save(tmp_path / "ids.jpg")
    labels.save_overlay(tmp_path / "look.png")
    look = cv2.imread(str(tmp_path / "look.png"))[..., ::-1]
    assert np.array_equal(look, labels.overlay(legend=True))
    with pytest.raises(ImageError, match=re.escape("ends in .png or .jpg")):
        labels.save_overlay(tmp_path / "look.gif")
    assert labels._repr_jpeg_().startswith(b"\xff\xd8")


def test_masks_of_one_s_own_are_checked(model, stripes):
    with pytest.raises(ImageError, match=re.escape("got [7]; map them first")):
        ImageLabels.from_mask(np.full((48, 64), 7), model.ontology)
    with pytest.raises(ImageError, match="class ids, not colours"):
        ImageLabels.from_mask(stripes, model.ontology)
    with pytest.raises(ImageError, match="expected the mask's size"):
        ImageLabels.from_mask(np.zeros((4, 4), int), model.ontology, stripes)
    assert ImageLabels.from_mask(np.zeros((4, 4), int), "field").shares == {"smooth_trail": 1.0}


def test_iou_is_that_of_scikit_learn_where_the_truth_is_known(model, stripes):
    rng = np.random.default_rng(0)
    mask, other = rng.integers(0, 3, (2, 40, 50))
    mask[:5] = 255
    other[:, :5] = 255
    truth = ImageLabels.from_mask(mask, model.ontology)
    ours = ImageLabels.from_mask(other, model.ontology)
    known = mask != 255
    expected = jaccard_score(mask[known], other[known], labels=[0, 1, 2], average=None)
    assert list(ours.iou(truth)) == ["red", "green", "blue"]
    assert list(ours.iou(truth).values()) == pytest.approx(expected.tolist())
    with pytest.raises(ConfigError, match="bring both to one size"):
        model.label(stripes).iou(truth)
    with pytest.raises(ConfigError, match="bring both to one size and grouping"):
        ours.iou(truth.grouped("traversability"))


def test_parameters_of_a_file_hold(tiny_bundle, stripes, tmp_path):
    config = Config.from_parameters(
        {"segmentation.bundle": str(tiny_bundle), "segmentation.min_confidence": 0.9}
    )
    file = tmp_path / "robot.yaml"
    file.write_text(config.to_file())
    for given in (config, file, str(file)):
        with Model(config=given) as model:
            assert model.label(stripes).shares == {"unknown": 1.0}
    assert Model(tiny_bundle).config.tensorrt.on_missing == "fail"
    assert Model(config=config).config.tensorrt.on_missing == "build"


def test_a_model_says_what_it_is_and_what_is_wrong(model, tiny_bundle):
    assert repr(model).endswith("tiny 1 (32x24), 3 classes>")
    assert "equal labels" in model.description
    with pytest.raises(BundleError, match="'nothing' not found: expected one of"):
        Model("nothing")
    with pytest.raises(ConfigError, match="engine: expected auto"):
        Model(tiny_bundle, engine="cuda")

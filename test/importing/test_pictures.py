"""What a processor says becomes a resize, a normalisation and a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.core.errors import ImportModelError
from seg_perception.inference.preprocessing import Resize

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def pictures(name: str, **settings: Any) -> Any:
    from seg_perception.importing.pictures import Pictures

    processor = getattr(transformers, f"{name}ImageProcessorPil")(**settings)
    return Pictures.of_processor(processor.to_dict())


GREY = (124, 116, 104)
FORMS = [
    ("Segformer", {"size": {"height": 64, "width": 96}}, Resize(filter="antialias"), (96, 64)),
    ("Segformer", {"size": 64}, Resize(filter="antialias"), (64, 64)),
    ("Beit", {}, Resize(filter="bicubic"), (224, 224)),
    (
        "DPT",
        {"keep_aspect_ratio": True},
        Resize(mode="fit", filter="bicubic", place="corner", padding=(128, 128, 128)),
        None,
    ),
    ("MobileViT", {}, Resize(mode="crop", filter="bicubic"), (256, 256)),
    ("MobileNetV2", {}, Resize(mode="crop", filter="antialias"), (224, 224)),
    (
        "Mask2Former",
        {"size": {"shortest_edge": 800, "longest_edge": 1333}},
        Resize(mode="fit", filter="antialias", place="corner", padding=GREY),
        None,
    ),
    (
        "MaskFormer",
        {"size": {"height": 384, "width": 384}, "resample": 4},
        Resize(filter="area"),
        (384, 384),
    ),
    (
        "Eomt",
        {"do_pad": True},
        Resize(mode="fit", filter="antialias", place="corner", padding=(0, 0, 0)),
        (640, 640),
    ),
    (
        "Eomt",
        {"do_split_image": True},
        Resize(mode="fit", filter="antialias", place="corner"),
        (640, 640),
    ),
]


@pytest.mark.parametrize(("name", "settings", "resize", "size"), FORMS)
def test_each_form_of_a_processor_has_its_resize(
    name: str, settings: dict[str, Any], resize: Resize, size: tuple[int, int] | None
) -> None:
    found = pictures(name, **settings)
    assert (found.resize, found.size) == (resize, size)
    assert bool(found.differs) == (found.resize.mode != "stretch")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("Segformer", {}),
        ("Segformer", {"do_normalize": False}),
        ("Segformer", {"do_rescale": False}),
        ("Segformer", {"rescale_factor": 1 / 127.5, "image_mean": 1.0, "image_std": 1.0}),
        ("MobileViT", {}),
        ("Beit", {}),
    ],
)
def test_the_graph_normalises_as_the_processor_does(name: str, settings: dict[str, Any]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8)
    processor = getattr(transformers, f"{name}ImageProcessorPil")(**settings)
    wanted = processor(image, return_tensors="pt", do_resize=False, do_center_crop=False)
    got = pictures(name, **settings).normalisation()(torch.from_numpy(image)[None])
    torch.testing.assert_close(got, wanted["pixel_values"].float(), rtol=1e-5, atol=1e-5)


def test_a_filter_that_nobody_has_here_is_refused() -> None:
    with pytest.raises(ImportModelError, match=r"resample 1 is none of 2, 3, 4"):
        pictures("Segformer", resample=1)


def test_windows_that_one_picture_cannot_have_are_said() -> None:
    (said,) = pictures("Eomt", do_split_image=True).differs
    assert "overlapping squares of 640 pixels" in said


def test_without_a_processor_nobody_knows_the_pixels(tmp_path: Path) -> None:
    from seg_perception.importing.model_folder import ModelFolder
    from seg_perception.importing.pictures import load_processor

    with pytest.raises(
        ImportModelError, match=r"no preprocessor_config\.json, so that nobody knows"
    ):
        load_processor(ModelFolder(tmp_path, {}))


def test_a_crop_lies_in_the_middle_of_the_image() -> None:
    """The authors label 2x2 of 4x3 pixels; of a crop that is wider, the image is the middle."""
    from seg_perception.importing.authors import _uncrop

    crop = np.array([[1, 2], [3, 4]], np.int16)
    assert _uncrop(crop, (3, 4)).tolist() == [[-1, 1, 2, -1], [-1, 3, 4, -1], [-1, -1, -1, -1]]
    assert _uncrop(np.array([[0, 5, 6, 0]], np.int16), (1, 2)).tolist() == [[5, 6]]

"""Networks of `transformers` with random weights, imported: the bundle answers as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import ImportModelError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SIZE = (64, 32)
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def segformer(folder: Path) -> None:
    """A small SegFormer of seven classes, with its processor and a licence."""
    torch.manual_seed(2)
    config = transformers.SegformerConfig(
        num_labels=7,
        hidden_sizes=[8, 8, 8, 8],
        num_attention_heads=[1, 1, 1, 1],
        depths=[1, 1, 1, 1],
        decoder_hidden_size=8,
    )
    model = transformers.SegformerForSemanticSegmentation(config)
    model.save_pretrained(folder)
    processor = transformers.SegformerImageProcessorPil(size={"height": SIZE[1], "width": SIZE[0]})
    processor.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")


def frames(_width: int, _height: int) -> list[np.ndarray]:
    """Three pictures of the network's size: noise under ramps of colour."""
    random = np.random.default_rng(1)
    ramp = np.linspace(0, 200, SIZE[0])[None, :, None] * random.random((3, 1, 1, 3))
    return list((ramp + random.integers(0, 55, (3, SIZE[1], SIZE[0], 3))).astype(np.uint8))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("published")
    segformer(folder)
    return folder


def imported(published: Path, output: Path, **options: Any) -> Bundle:
    from seg_perception.importing.checkpoint import import_checkpoint
    from seg_perception.importing.options import ImportOptions

    chosen = ImportOptions(**{"size": SIZE, "name": "tiny", **options})
    return import_checkpoint(published, output, frames, chosen)


def test_a_bundle_answers_as_the_published_network(published: Path, tmp_path: Path) -> None:
    """The network itself, with the authors' mean and deviation written out, is the judge."""
    bundle = imported(published, tmp_path / "tiny")
    model = transformers.SegformerForSemanticSegmentation.from_pretrained(published).eval()
    engine = create_engine(bundle, SegmentationConfig(bundle=str(bundle.folder)))
    mean, std = (np.array(values, np.float32) for values in IMAGENET)
    for picture in frames(*SIZE):
        pixels = ((picture / np.float32(255) - mean) / std).transpose(2, 0, 1)
        with torch.no_grad():
            logits = model(pixel_values=torch.from_numpy(pixels)[None]).logits
        enlarged = torch.nn.functional.interpolate(logits, SIZE[::-1], mode="bilinear")
        labels, *_ = engine.infer(picture)
        assert (labels == enlarged.argmax(dim=1)[0].numpy()).mean() >= 0.999
    engine.close()
    assert bundle.manifest.licence == "apache-2.0"
    assert [parity.label_agreement for parity in bundle.manifest.parity] == [1.0] * 3


def test_weights_that_do_not_fit_are_refused(published: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in published.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("decode_head.classifier.bias")
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ImportModelError, match=r"1 missing: decode_head\.classifier\.bias"):
        imported(tmp_path, tmp_path / "bundle")


def test_a_size_that_the_network_rounds_is_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match=r"multiples of 32; the nearest is 96x32"):
        imported(published, tmp_path / "bundle", size=(100, 40))

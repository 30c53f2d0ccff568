"""Each family of `transformers`, a small random member of it: the bundle answers as it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import ImportModelError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import published_networks as published  # noqa: E402 (needs torch)

if TYPE_CHECKING:
    from published_networks import Image

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
# What each family's authors do, written out by hand: mean, deviation, order of the channels.
PIXELS = {
    "beit": (*HALVES, "rgb"),
    "data2vec": (*HALVES, "rgb"),
    "dpt": (*HALVES, "rgb"),
    "mobilenet_v2": (*HALVES, "rgb"),
    "mobilevit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "bgr"),
}


@dataclass(frozen=True)
class Imported:
    """A member, its bundle, and what torch and the bundle say of three frames."""

    name: str
    network: Any
    bundle: Bundle
    frames: list[Image]
    answers: list[NDArray[Any]]


def import_member(folder: Path, output: Path, frames: list[Image], **options: Any) -> Bundle:
    from seg_perception.importing.checkpoint import import_checkpoint
    from seg_perception.importing.options import ImportOptions

    chosen = ImportOptions(**{"name": "tiny", **options})
    return import_checkpoint(folder, output, lambda *_: frames, chosen)


# One of each kind of surgery; the others share it with one of these.
QUICK = ("segformer", "upernet_convnext", "maskformer", "mask2former_swin", "eomt_dinov3")
ALL = [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long])
    for name in published.MEMBERS
]


@pytest.fixture(scope="module", params=ALL)
def imported(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    name = request.param
    folder, member = tmp_path_factory.mktemp(name), published.MEMBERS[name]
    frames = published.frames(member.size)
    published.save(name, folder / "published", frames)
    bundle = import_member(folder / "published", folder / "tiny", frames, size=member.size)
    network = type(member.make()).from_pretrained(folder / "published").eval()
    engine = create_engine(bundle, SegmentationConfig(bundle=str(bundle.folder)))
    answers = [engine.infer(frame)[0] for frame in frames]
    engine.close()
    return Imported(name, network, bundle, frames, answers)


def pixels(frame: Image, mean: Any, std: Any, order: str) -> NDArray[np.float32]:
    """What the network of the authors sees, float32 (3, H, W)."""
    image = frame[..., ::-1] if order == "bgr" else frame
    values = (image / np.float32(255) - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)


def labels(network: Any, picture: NDArray[np.float32]) -> NDArray[Any]:
    """As the papers define them: scores or masks enlarged, then the largest class."""
    with torch.no_grad():
        output = network(pixel_values=torch.from_numpy(picture)[None])
        maps = output.logits if hasattr(output, "logits") else output.masks_queries_logits
        maps = torch.nn.functional.interpolate(maps, picture.shape[1:], mode="bilinear")
        if not hasattr(output, "logits"):
            shares = output.class_queries_logits.softmax(dim=-1)[..., :-1]
            maps = torch.einsum("bqc,bqhw->bchw", shares, maps.sigmoid())
    return np.asarray(maps.argmax(dim=1)[0].numpy())


def agreement(imported: Imported, see: Callable[[Image], NDArray[np.float32]]) -> float:
    pairs = zip(imported.frames, imported.answers, strict=True)
    return float(np.mean([labels(imported.network, see(f)) == answer for f, answer in pairs]))


def test_each_frame_holds_five_classes(imported: Imported) -> None:
    counts = [np.bincount(answer.ravel()) for answer in imported.answers]
    assert [(found >= 0.02 * found.sum()).sum() >= 5 for found in counts] == [True] * 3


def test_labels_equal_those_of_torch(imported: Imported) -> None:
    right = PIXELS.get(imported.name, (*IMAGENET, "rgb"))
    assert agreement(imported, lambda frame: pixels(frame, *right)) >= 0.999
    parities = {parity.reference: parity for parity in imported.bundle.manifest.parity}
    (same,) = [p for name, p in parities.items() if "at this size" in name]
    assert same.label_agreement >= 0.999


@pytest.mark.parametrize("wrong", ["mean", "order", "layout"])
def test_wrong_pixels_give_other_labels(imported: Imported, wrong: str) -> None:
    mean, std, order = PIXELS.get(imported.name, (*IMAGENET, "rgb"))
    seen: dict[str, Callable[[Image], NDArray[np.float32]]] = {
        "mean": lambda frame: pixels(frame, np.add(mean, 0.1), std, order),
        "order": lambda frame: pixels(frame[..., ::-1], mean, std, order),
        "layout": lambda frame: pixels(
            np.moveaxis(frame.reshape(3, *frame.shape[:2]), 0, 2), mean, std, order
        ),
    }
    assert agreement(imported, seen[wrong]) < 0.999


def test_the_authors_whole_pipeline_agrees_at_their_own_size(imported: Imported) -> None:
    """Of masks `transformers` adds the classes up at a size of its own, and enlarges then."""
    whole = imported.bundle.manifest.parity[-1]
    assert "whole pipeline" in whole.reference
    masks = hasattr(imported.network, "class_predictor")
    assert whole.label_agreement >= (0.8 if masks else 0.999)


def test_deformable_attention_comes_in_both_samplings(imported: Imported) -> None:
    names = {variant.name for variant in imported.bundle.manifest.variants}
    both = {"grid_sample_fp32", "gather_fp32"}
    assert names == (both if imported.name.startswith("mask2former") else {"none_fp32"})
    assert ("GridSample" in operators(imported.bundle)) == (names == both)


def operators(bundle: Bundle) -> set[str]:
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(str(bundle.folder / bundle.manifest.model)).graph
    return {node.op_type for node in graph.node}


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [
        (
            "dpt",
            (96, 64),
            r"takes square pictures alone, of a multiple of 32; the nearest is 64x64",
        ),
        ("mask2former_swin", (100, 64), r"needs multiples of 32; the nearest is 96x64"),
        ("eomt_dinov3", (72, 64), r"needs multiples of 16; the nearest is 64x64"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, size: tuple[int, int], sentence: str
) -> None:
    frames = published.frames(published.MEMBERS[name].size)
    published.save(name, tmp_path / "published", frames)
    with pytest.raises(ImportModelError, match=sentence):
        import_member(tmp_path / "published", tmp_path / "tiny", frames, size=size)


@pytest.mark.parametrize("name", ["eomt_dinov2", "eomt_dinov3"])
def test_eomt_takes_other_sizes_than_its_square(tmp_path: Path, name: str) -> None:
    """Positions are interpolated, or worked out: the network then answers for 96x64 pixels."""
    frames = published.frames((96, 64))
    published.save(name, tmp_path / "published", published.frames((64, 64)))
    bundle = import_member(tmp_path / "published", tmp_path / "tiny", frames, size=(96, 64))
    assert [parity.label_agreement for parity in bundle.manifest.parity[:2]] == [1.0, 1.0]
    whole = bundle.manifest.parity[2]
    assert ("sees 2 x 64x64 pixels" in whole.reference) == (name == "eomt_dinov3")
    assert "takes its own size alone" in str(bundle.manifest.training.details["authors_differ"])


def test_larger_frames_are_made_smaller_as_the_authors_do(tmp_path: Path) -> None:
    """Bicubic from 320 to 64 pixels under noise, where OpenCV's kernel skips pixels."""
    member = published.MEMBERS["beit"]
    published.save("beit", tmp_path / "published", published.frames(member.size))
    noise = np.random.default_rng(0).integers(-30, 30, (3, 320, 320, 3))
    large = [f.repeat(5, axis=0).repeat(5, axis=1) for f in published.frames(member.size)]
    frames = list(np.clip(np.array(large) + noise, 0, 255).astype(np.uint8))
    bundle = import_member(tmp_path / "published", tmp_path / "tiny", frames, size=member.size)
    whole = bundle.manifest.parity[-1]
    assert "(stretch, bicubic)" in whole.candidate
    assert whole.label_agreement >= 0.9


@pytest.mark.parametrize("size", [(64, 64), (96, 64)])
def test_an_eomt_whose_training_has_not_ended_is_refused(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """At another size than the authors' no comparison would show that attention is held back."""
    network = published.MEMBERS["eomt_dinov3"].make()
    network.attn_mask_probs[:] = torch.tensor([0.0, 0.25])
    network.save_pretrained(tmp_path / "published")
    published.make_processor(published.MEMBERS["eomt_dinov3"]).save_pretrained(
        tmp_path / "published"
    )
    with pytest.raises(ImportModelError, match=r"1 of 2 blocks is still held.*\[0\.0, 0\.25\]"):
        import_member(
            tmp_path / "published",
            tmp_path / "tiny",
            published.frames(size),
            licence="mit",
            size=size,
        )


def test_networks_that_no_engine_takes_are_refused_with_the_reason() -> None:
    from seg_perception.importing.families.choice import choose_family

    with pytest.raises(ImportModelError, match=r"NonZero.*TensorRT builds no engine"):
        choose_family("OneFormerForUniversalSegmentation")
    with pytest.raises(ImportModelError, match=r"col2im, which ONNX lacks before opset 18"):
        choose_family("MobileViTV2ForSemanticSegmentation")
    with pytest.raises(ImportModelError, match=r"BertModel is none of the architectures"):
        choose_family("BertModel")


@pytest.mark.parametrize(("bins", "shape"), [((6, 6), (8, 12)), ((3, 2), (2, 5)), ((1, 1), (7, 3))])
def test_pooling_by_matrices_is_the_adaptive_mean(
    bins: tuple[int, int], shape: tuple[int, int]
) -> None:
    from seg_perception.importing.families.pooling import replace_pooling

    values = torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(3))
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(bins))
    wanted = network(values)
    replace_pooling(network)
    torch.testing.assert_close(network(values), wanted)


def test_more_than_255_classes_have_labels_of_16_bits(tmp_path: Path) -> None:
    """Class 290 wins wherever the class does that won most before."""
    network = published.segformer(300).eval()
    published.spread_weights(network, torch.Generator().manual_seed(1))
    frames = published.frames((64, 32))
    pictures = [pixels(frame, *IMAGENET, "rgb") for frame in frames]
    winner = np.bincount(labels(network, pictures[0]).ravel()).argmax()
    with torch.no_grad():
        classifier = network.decode_head.classifier
        classifier.weight[290] = 2 * classifier.weight[winner]
    network.save_pretrained(tmp_path / "published")
    transformers.SegformerImageProcessorPil(size={"height": 32, "width": 64}).save_pretrained(
        tmp_path / "published"
    )
    bundle = import_member(tmp_path / "published", tmp_path / "tiny", frames, licence="mit")
    engine = create_engine(bundle, SegmentationConfig(bundle=str(bundle.folder)))
    found = [engine.infer(frame)[0] for frame in frames]
    engine.close()
    assert {answer.dtype for answer in found} == {np.dtype(np.uint16)}
    assert (found[0] == 290).mean() > 0.02
    wanted = [labels(network, picture) for picture in pictures]
    assert np.mean([(a == b).mean() for a, b in zip(found, wanted, strict=True)]) >= 0.999

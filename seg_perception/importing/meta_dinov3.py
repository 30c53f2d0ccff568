"""Meta's `dinov3_*.pth`, a backbone, with the file of a linear head: a network together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.authors import Authors
from seg_perception.importing.families.sizes import expect_multiple
from seg_perception.importing.linear_head import CONFIG, HeadFile, LinearNetwork
from seg_perception.importing.onnx_file.classes import with_as_many
from seg_perception.importing.options import ImportOptions
from seg_perception.importing.pictures import Pictures
from seg_perception.importing.proven import Published, bundle_source, export
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.training.models.checkpoint_conversion import backbone_state
from seg_perception.training.models.config import VitConfig
from seg_perception.training.models.dinov3 import PATCH
from seg_perception.training.models.loading import load_strictly
from seg_perception.training.models.sizes import VIT_SIZES

_CONVNEXT = "downsample_layers."
_HEAD_WIDTH = 64
# One ONNX file holds 2 GB.
_LARGEST_BYTES = 2**31
_DIFFERS = (
    "the weights are Meta's; they were compared in DINOv3 of transformers, not in Meta's own code"
)
_UNTOLD = (
    f"{CONFIG} of the head's training is not beside it: the mean and deviation of pixels are those "
    "that Meta's training takes by itself, ImageNet's"
)


def is_backbone(given: Mapping[str, Any]) -> bool:
    """Whether a file's content is a backbone under Meta's names."""
    return any(str(name).startswith(("blocks.", _CONVNEXT)) for name in given)


def expect_small(path: Path) -> None:
    """Refuse a backbone of Meta's that no bundle can hold, by its name, before it is read.

    Raises:
        ImportModelError: it has 2 GB or more.
    """
    size = path.stat().st_size
    if path.name.startswith("dinov3_") and size >= _LARGEST_BYTES:
        msg = (
            f"{path} has {size / 1e9:.1f} GB, more than one ONNX file holds: take a smaller "
            "backbone (S, S+, B or L) and its head"
        )
        raise ImportModelError(msg)


def import_dinov3(
    given: Mapping[str, Tensor],
    path: Path,
    output: Path,
    frames: Callable[[int, int], Sequence[NDArray[np.uint8]]],
    options: ImportOptions,
) -> Bundle:
    """Make a bundle of a backbone and the head that the options name.

    Args:
        given: the backbone's weights under Meta's names.
        path: where they were read.
        output: the bundle.
        frames: gives golden frames for a width and height.
        options: with the head, the licence and the ontology.

    Raises:
        ImportModelError: backbone and head do not fit, or something has to be said first.
        TrainingError: weights are missing or left over, or the graph disagrees with torch.
    """
    head = HeadFile.read(_expect_head(path, options))
    config = _config(given, path)
    shape = config.shape
    _expect_said(path, head, options)
    size = options.size or (head.config.eval.crop_size,) * 2
    expect_multiple(size, PATCH, "DINOv3")
    blocks = head.blocks(shape.width, shape.depth)
    network = LinearNetwork(config, blocks, head.class_count)
    load_strictly(network.tokens.model, backbone_state(dict(given)), path)
    load_strictly(network.head, head.state, head.path)
    network.eval()
    processor = _processor(head)
    pictures = Pictures.of_processor(processor.to_dict())
    exported = export(network, pictures, size, frames(*size), options)
    published = Published(
        source=str(path),
        architecture=f"DINOv3 {path.stem}, linear head {head.path.name}",
        class_names=tuple(f"LABEL_{number}" for number in range(head.class_count)),
        licence=(options.licence, ""),
        pictures=pictures,
        differs=(_DIFFERS, *pictures.differs, *(() if head.told else (_UNTOLD,))),
    )
    plain = Authors(processor, _with_original_angles(network))
    same = plain.compare_networks(exported.golden, exported.reference)
    return write_bundle(output, bundle_source(published, exported, [same], options))


def _expect_head(path: Path, options: ImportOptions) -> Path:
    if options.head is None:
        msg = (
            f"{path} is a backbone of DINOv3 and has no classes: give a linear head on it with "
            "--head, such as model_final.pth of Meta's training of segmentation; train one with "
            "`train new` and `model.backbone.pretrained`; or import a whole network, such as an "
            "EoMT on DINOv3 of the hub"
        )
        raise ImportModelError(msg)
    return options.head


def _expect_said(path: Path, head: HeadFile, options: ImportOptions) -> None:
    """Neither file names a class or a licence."""
    missing = []
    if options.ontology is None:
        fitting = with_as_many(head.class_count)
        known = f"; {', '.join(fitting)} has as many" if fitting else ""
        missing.append(f"--ontology (of the head's {head.class_count} classes{known})")
    if not options.licence:
        missing.append("--licence (of the weights; the backbone's is the DINOv3 License)")
    if missing:
        msg = (
            f"{path} and {head.path} do not say all that a bundle needs, give {', '.join(missing)}"
        )
        raise ImportModelError(msg)


def _config(given: Mapping[str, Tensor], path: Path) -> VitConfig:
    """Of the shapes of its weights."""
    if any(name.startswith(_CONVNEXT) for name in given):
        msg = (
            f"{path} is a ConvNeXt: Meta's heads read its maps scaled as the call that made it "
            "said, which no file tells. What works: a vision transformer (dinov3_vit*.pth)"
        )
        raise ImportModelError(msg)
    width = int(given["cls_token"].shape[-1])
    depth = len({name.split(".")[1] for name in given if name.startswith("blocks.")})
    gated = any(".mlp.w1." in name for name in given)
    registers = given.get("storage_tokens", torch.empty(1, 0, width)).shape[1]
    name = next(n for n, size in VIT_SIZES.items() if n != "tiny" and size.gated == gated)
    return VitConfig.model_validate(
        {
            "size": name,
            "width": width,
            "depth": depth,
            "heads": max(width // _HEAD_WIDTH, 1),
            "registers": registers,
        }
    )


def _with_original_angles(network: LinearNetwork) -> LinearNetwork:
    """The network as `transformers` has it, which works out the angles of the patches itself."""
    plain = deepcopy(network)
    backbone: Any = plain.tokens.model
    backbone.rope_embeddings = backbone.rope_embeddings.original
    return plain


def _processor(head: HeadFile) -> Any:
    """What Meta's evaluation does: the shorter edge scaled, squares cut, a byte's mean taken."""
    return transformers.EomtImageProcessorPil(
        size={"shortest_edge": head.config.eval.crop_size, "longest_edge": None},
        do_split_image=True,
        do_rescale=False,
        image_mean=list(head.config.transforms.mean),
        image_std=list(head.config.transforms.std),
    )

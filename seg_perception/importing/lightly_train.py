"""EoMT on DINOv3 as lightly-train keeps it, written as `transformers` keeps it.

The checkpoint holds the arguments of its network beside the weights, whose backbone has
Meta's names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ImportModelError
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.training.models.checkpoint_conversion import eomt_backbone_state

DIFFERS = (
    "the weights are lightly-train's; they were compared in EoMT of transformers, not in its own"
)
_NETWORK = "DINOv3EoMTSemanticSegmentation"
_HEAD_WIDTH = 64
_RULES = (
    (r"^queries\.", "query."),
    (r"^class_head\.", "class_predictor."),
    (r"^mask_head\.0\.", "mask_head.fc1."),
    (r"^mask_head\.2\.", "mask_head.fc2."),
    (r"^mask_head\.4\.", "mask_head.fc3."),
    (r"^upscale\.(\d+)\.norm\.", r"upscale_block.block.\1.layernorm2d."),
    (r"^upscale\.(\d+)\.", r"upscale_block.block.\1."),
)
State = dict[str, Tensor]


def is_checkpoint(given: Mapping[str, Any]) -> bool:
    """Whether a file's content is a checkpoint of lightly-train."""
    return {"model_class_path", "model_init_args", "train_model"} <= given.keys()


@contextmanager
def converted(given: Mapping[str, Any], path: Path) -> Iterator[Path]:
    """A folder as save_pretrained writes it, for as long as the context lasts.

    Args:
        given: the checkpoint's content.
        path: where it was read, for messages.

    Raises:
        ImportModelError: it is another network, or one that `transformers` lacks.
    """
    kind = str(given["model_class_path"]).rpartition(".")[2]
    if kind != _NETWORK:
        msg = (
            f"{path}: {kind} of lightly-train, expected {_NETWORK} (EoMT on DINOv3): let "
            "lightly-train export it as ONNX, and import that file"
        )
        raise ImportModelError(msg)
    trained = given["train_model"]
    state = {n.removeprefix("model."): t for n, t in trained.items() if n.startswith("model.")}
    if any(".mlp.w1." in name for name in state):
        msg = (
            f"{path}: its DINOv3 has gated layers (S+, H+ or 7B), for which EoMT of "
            "`transformers` has another activation: let lightly-train export it as ONNX, and "
            "import that file"
        )
        raise ImportModelError(msg)
    with scratch_folder("lightly") as folder:
        _write(folder, state, given["model_init_args"])
        yield folder


def _write(folder: Path, state: State, arguments: Mapping[str, Any]) -> None:
    config, processor = _config(state, arguments), _processor(arguments)
    write_file(folder / "config.json", json.dumps(config), ImportModelError)
    write_file(folder / "preprocessor_config.json", json.dumps(processor), ImportModelError)
    blocks = torch.zeros(int(arguments["num_joint_blocks"]))
    tensors = {name: t.contiguous() for name, t in _renamed(state).items()}
    save_file(
        {**tensors, "attn_mask_probs": blocks}, folder / "model.safetensors", {"format": "pt"}
    )


def _config(state: State, arguments: Mapping[str, Any]) -> dict[str, Any]:
    queries, width = state["queries.weight"].shape
    names = dict(enumerate(map(str, arguments["classes"].values())))
    return {
        "architectures": ["EomtDinov3ForUniversalSegmentation"],
        "model_type": "eomt_dinov3",
        "hidden_size": width,
        "num_attention_heads": width // _HEAD_WIDTH,
        "num_hidden_layers": _count(state, r"^backbone\.blocks\.(\d+)\."),
        "intermediate_size": len(state["backbone.blocks.0.mlp.fc1.weight"]),
        "num_register_tokens": state["backbone.storage_tokens"].shape[1],
        "patch_size": state["backbone.patch_embed.proj.weight"].shape[-1],
        "image_size": min(arguments["image_size"]),
        "num_queries": queries,
        "num_blocks": arguments["num_joint_blocks"],
        "num_upscale_blocks": _count(state, r"^upscale\.(\d+)\."),
        # That of DINOv3; the configuration's default is DINOv2's.
        "layer_norm_eps": 1e-5,
        "id2label": names,
    }


def _processor(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The shorter edge gets the network's size, and squares are cut along the longer one."""
    return {
        "image_processor_type": "EomtImageProcessor",
        "size": {"shortest_edge": min(arguments["image_size"]), "longest_edge": None},
        "do_split_image": True,
        "image_mean": list(arguments["image_normalize"]["mean"]),
        "image_std": list(arguments["image_normalize"]["std"]),
    }


def _renamed(state: State) -> State:
    mark = "backbone."
    backbone = {n.removeprefix(mark): t for n, t in state.items() if n.startswith(mark)}
    head = {_named(n): t for n, t in state.items() if not n.startswith(mark)}
    return {**eomt_backbone_state(backbone), **head}


def _named(name: str) -> str:
    for pattern, replacement in _RULES:
        name, count = re.subn(pattern, replacement, name)
        if count:
            break
    return name


def _count(state: State, pattern: str) -> int:
    return len({found.group(1) for name in state if (found := re.search(pattern, name))})

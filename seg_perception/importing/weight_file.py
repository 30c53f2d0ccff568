"""A file of torch: what is in it, and why weights alone are no network."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch

from seg_perception.core.errors import ImportModelError
from seg_perception.training.models.weight_files import read_weights

_BACKBONE = (
    "a backbone of DINO without a head: it has no classes. Train a head on it (`train new`, then "
    "`model.backbone.pretrained` with this file), or import a whole network of it, such as an "
    "EoMT on DINOv3 of the hub"
)
_META_HEAD = (
    "a head of DINOv3 without its backbone: import the backbone, dinov3_*.pth, with this file as "
    "--head (a linear one; Meta's Mask2Former head fits the backbone of 7 billion weights alone, "
    "more than one ONNX file holds and a robot runs)"
)
_BARE = (
    "weights without a description of their network: write them with save_pretrained of "
    "`transformers` and name that folder, or export the network as ONNX and import that file"
)


def read_file(path: Path) -> Mapping[str, Any]:
    """What a file holds, by name, without running anything of it.

    Raises:
        ImportModelError: not a file of torch or safetensors.
    """
    if path.suffix == ".safetensors":
        return read_weights(path)
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        msg = (
            f"{path}: not a checkpoint that can be read without running code of it "
            f"({_reason(error)}): "
            "save a state_dict, or export the network as ONNX and import that file"
        )
        raise ImportModelError(msg) from error
    if not isinstance(given, Mapping):
        msg = f"{path}: expected weights by name, got {type(given).__name__}: save a state_dict"
        raise ImportModelError(msg)
    return given


def _reason(error: Exception) -> str:
    """What was found; not torch's advice to run the code."""
    text = " ".join(str(error).split())
    found = re.search(r"Unsupported (?:global: GLOBAL \S+|\w+ \w+)", text)
    if found:
        return found.group()
    return "no file of weights" if isinstance(error, pickle.UnpicklingError) else text[:200]


def refuse(given: Mapping[str, Any], path: Path) -> NoReturn:
    """Say what a file is that no network can be made of.

    Raises:
        ImportModelError: always.
    """
    inner = given.get("model")
    names = [str(name) for name in (inner if isinstance(inner, Mapping) else given)]
    reason = _BARE
    if any(n.startswith("model.layer.") for n in names):
        reason = _BACKBONE
    elif "m2f_head" in path.name or any(n.startswith("segmentation_model.") for n in names):
        reason = _META_HEAD
    msg = f"{path}: {reason}"
    raise ImportModelError(msg)

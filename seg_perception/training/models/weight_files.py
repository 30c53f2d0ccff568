"""Weights on disk and on the hub: read without running anything that a file may contain."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import TrainingError

State = dict[str, Tensor]
_NAMES = ("model.safetensors", "pytorch_model.bin")
# Under what others keep the weights beside optimizers and settings.
_WRAPPERS = ("state_dict", "model", "teacher")


def read_weights(path: Path) -> State:
    """Tensors by name.

    Args:
        path: a `.safetensors` file, a file of `torch.save` (`.pth`, `.pt`, `.bin`), or a
            folder with `model.safetensors` or `pytorch_model.bin`.

    Raises:
        TrainingError: no such file, or not one of weights.
    """
    file = _find(path)
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        return _unwrap(torch.load(file, map_location="cpu", weights_only=True), file)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        msg = f"{file}: not a file of weights ({reason}): download it again, or convert it"
        raise TrainingError(msg) from error


def write_weights(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a `.safetensors` file, to a temporary name first.

    Raises:
        TrainingError: the disk refuses.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    try:
        with draft_file(path, TrainingError, sync=True) as draft:
            save_file(tensors, draft, dict(metadata))
    except SafetensorError as error:
        msg = f"{path}: can't be written ({error}): free some space and try again"
        raise TrainingError(msg) from error


def _find(path: Path) -> Path:
    found = [path / name for name in _NAMES if (path / name).is_file()] if path.is_dir() else [path]
    if not found or not found[0].is_file():
        msg = f"weights {path} not found: expected a file, or a folder with {' or '.join(_NAMES)}"
        raise TrainingError(msg)
    return found[0]


def _unwrap(given: Any, file: Path) -> State:
    for name in _WRAPPERS:
        if isinstance(given, dict) and isinstance(given.get(name), dict):
            given = given[name]
    tensors = isinstance(given, dict) and all(isinstance(v, Tensor) for v in given.values())
    if not tensors or not given:
        msg = f"{file}: expected tensors by name, got {type(given).__name__}: save a state_dict"
        raise TrainingError(msg)
    return dict(given)


_FILE = "model.safetensors"
_MEND = "or copy the file to this machine and give its path as `pretrained`"


def download(name: str) -> Path:
    """The weights of a published backbone, from the cache or the network.

    Args:
        name: on the hub, for instance `facebook/dinov3-vits16-pretrain-lvd1689m`.

    Raises:
        TrainingError: the licence is not accepted, the machine is offline, or there is
            no such file.
    """
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return Path(huggingface_hub.hf_hub_download(name, _FILE))
    except errors.GatedRepoError as error:
        msg = (
            f"{name}: its licence must be accepted first: open https://huggingface.co/{name}, "
            f"accept the DINOv3 licence, log in with `hf auth login` and try again, {_MEND}"
        )
        raise TrainingError(msg) from error
    except (errors.RepositoryNotFoundError, errors.RemoteEntryNotFoundError) as error:
        msg = f"{name}: the hub has no {_FILE} of that name for you: log in, {_MEND}"
        raise TrainingError(msg) from error
    except OSError as error:
        msg = f"{name}: can't be downloaded, is this machine offline? Connect it, {_MEND}"
        raise TrainingError(msg) from error

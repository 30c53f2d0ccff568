"""Published models of the Hugging Face hub."""

from __future__ import annotations

import re
from pathlib import Path

import huggingface_hub
from huggingface_hub import errors

from seg_perception.core.errors import ImportModelError

# Configuration, pictures, licence; the weights come in one of two forms.
_ABOUT = (
    "config.json",
    "preprocessor_config.json",
    "README.md",
    "LICENSE*",
    "LICENCE*",
    "COPYING*",
)
# What models that are asked in words bring beside it.
TEXT = (
    "processor_config.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
)
_SAFE = ("*.safetensors", "*.safetensors.index.json")
_PICKLED = ("pytorch_model*.bin", "pytorch_model.bin.index.json")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_MEND = "or copy its files into a folder here and name that"


def is_hub_name(source: str) -> bool:
    """Whether a source is written as `owner/name`."""
    return _NAME.fullmatch(source) is not None


def download(name: str, beside: tuple[str, ...] = ()) -> Path:
    """The folder of a model, from the cache or the network; nothing in it is run.

    Args:
        name: on the hub, `owner/name`.
        beside: patterns of files that are wanted beside configuration, licence and weights.

    Raises:
        ImportModelError: its licence is not accepted, the machine is offline, or there is no
            such model.
    """
    try:
        wanted = [*_ABOUT, *_SAFE, *beside]
        folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=wanted))
        if not list(folder.glob("*.safetensors")):
            huggingface_hub.snapshot_download(name, allow_patterns=list(_PICKLED))
    except errors.GatedRepoError as error:
        msg = (
            f"{name}: its licence must be accepted first: open https://huggingface.co/{name}, "
            f"accept it, log in with `hf auth login` and try again, {_MEND}"
        )
        raise ImportModelError(msg) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        msg = (
            f"{name}: neither a folder or file here nor a model that the hub shows you: correct "
            f"the name, log in with `hf auth login`, {_MEND}"
        )
        raise ImportModelError(msg) from error
    except OSError as error:
        msg = f"{name}: can't be downloaded, is this machine offline? Connect it, {_MEND}"
        raise ImportModelError(msg) from error
    return folder

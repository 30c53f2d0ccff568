"""A teacher's folder: its network, its tokenizer and its pixels, read strictly and offline."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
import transformers

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.importing.families.loading import load_network
from seg_perception.importing.hub import TEXT, download, is_hub_name
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.open_vocabulary.memory import available_bytes

_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_TOKENIZERS = ("tokenizer.json", "vocab.json", "vocab.txt", "spiece.model")
_WEIGHTS = ("*.safetensors", "*.bin")


def find_folder(source: str) -> ModelFolder:
    """The folder of a model, here or of the hub.

    Raises:
        OpenVocabularyError: there is none, or it holds no model of `transformers`.
        ImportModelError: the hub refuses it.
    """
    path = Path(source)
    if not path.exists() and is_hub_name(source):
        path = download(source, TEXT)
    if not path.is_dir():
        msg = (
            f"{source}: expected the folder that save_pretrained wrote, the owner/name of a model "
            "of the Hugging Face hub, or a bundle; check the path"
        )
        raise OpenVocabularyError(msg)
    return ModelFolder.read(path)


def processor_settings(folder: ModelFolder) -> Mapping[str, Any]:
    """What the authors' image processor was set to.

    Raises:
        OpenVocabularyError: the folder does not say.
    """
    for name in _PROCESSORS:
        file = folder.path / name
        if not file.is_file():
            continue
        try:
            read = json.loads(file.read_bytes())
        except ValueError as error:
            msg = f"{file}: can't be read ({error}); download it again"
            raise OpenVocabularyError(msg) from error
        found = read.get("image_processor", read) if name == _PROCESSORS[1] else read
        if isinstance(found, dict) and "image_mean" in found:
            return found
    msg = (
        f"{folder.path}: no preprocessor_config.json with image_mean, so that nobody knows which "
        "pixels its network was trained on; copy it beside the weights"
    )
    raise OpenVocabularyError(msg)


def load_tokenizer(folder: ModelFolder) -> Any:
    """What makes numbers of words.

    Raises:
        OpenVocabularyError: the folder has none, or it can't be read.
    """
    if not any((folder.path / name).is_file() for name in _TOKENIZERS):
        msg = (
            f"{folder.path}: no text tokenizer ({', '.join(_TOKENIZERS[:3])}), without which "
            f"{folder.architecture} can't be asked for words; copy the model's tokenizer files "
            "beside its weights"
        )
        raise OpenVocabularyError(msg)
    try:
        return transformers.AutoTokenizer.from_pretrained(
            folder.path, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        msg = f"{folder.path}: its tokenizer can't be read ({reason}); download it again"
        raise OpenVocabularyError(msg) from error


def load_teacher(
    folder: ModelFolder, architecture: str, device: torch.device, **changes: Any
) -> Any:
    """A network with its weights on a device, strictly.

    Args:
        folder: of its files.
        architecture: the class of `transformers` to load, where the folder names a larger one.
        device: where it runs.
        changes: `config`, where that of the folder is another network's.

    Raises:
        OpenVocabularyError: it does not fit into memory.
        ImportModelError: the weights do not fit the configuration.
    """
    named = ModelFolder(folder.path, {**folder.config, "architectures": [architecture]})
    needed = sum(f.stat().st_size for pattern in _WEIGHTS for f in folder.path.glob(pattern))
    what = f"{folder.path}: the weights"
    expect_memory(needed, device, what)
    try:
        return load_network(named, **changes).to(device).requires_grad_(requires_grad=False)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise too_large(what, needed, device) from error


def file_facts(folder: ModelFolder) -> str:
    """By which another network in the same place is told from this one."""
    files = sorted(f for pattern in _WEIGHTS for f in folder.path.glob(pattern))
    facts = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    told = f"{json.dumps(folder.config, sort_keys=True)} {facts}"
    return sha256(told.encode()).hexdigest()[:12]


def describe(name: str, folder: ModelFolder, device: torch.device) -> str:
    """A teacher in one line; the same for the same network only."""
    return f"{name} of {folder.path} ({file_facts(folder)}) on {device.type}"


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, or for an empty name a GPU where there is one.

    Raises:
        OpenVocabularyError: there is no GPU, or no such device.
    """
    has_gpu = torch.cuda.is_available()
    if name not in ("", "cpu", "cuda") or (name == "cuda" and not has_gpu):
        got = "this machine's torch sees no GPU" if name == "cuda" else f"got {name}"
        msg = f"--device: expected cpu or cuda, {got}; leave it out to take what is there"
        raise OpenVocabularyError(msg)
    return torch.device(name or ("cuda" if has_gpu else "cpu"))


def free_bytes(device: torch.device) -> int:
    """Memory that a device has left; of the CPU what the system says is available."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available_bytes()


def used_bytes() -> int:
    """The most memory that was held at once: of a GPU where torch used one, else of the process."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def expect_memory(needed: int, device: torch.device, what: str) -> None:
    """Refuse what does not fit.

    Raises:
        OpenVocabularyError: it does not.
    """
    if needed > free_bytes(device):
        raise too_large(what, needed, device)


def too_large(what: str, needed: int, device: torch.device) -> OpenVocabularyError:
    """The error that says so."""
    msg = (
        f"{what} need {needed / 1e9:.1f} GB, {device.type} has {free_bytes(device) / 1e9:.1f} GB "
        "free; take a smaller model, a smaller --batch, or another machine"
    )
    return OpenVocabularyError(msg)

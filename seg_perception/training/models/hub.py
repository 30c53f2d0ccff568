"""Published weights from the Hugging Face hub, when somebody asks for them."""

from __future__ import annotations

from pathlib import Path

from seg_perception.core.errors import TrainingError

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

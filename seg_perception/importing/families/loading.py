"""A network of `transformers` with its weights, strictly, and without running what a file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import transformers

from seg_perception.core.errors import ImportModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seg_perception.importing.model_folder import ModelFolder

# Auxiliary heads and weights of the loss: published or left out as it comes, and no answer
# rests on them.
_TRAINING_ALONE = ("auxiliary_head.", "criterion.")


def load_network(folder: ModelFolder, **changes: Any) -> Any:
    """The network that a folder's configuration names, in evaluation mode and float32.

    Args:
        folder: configuration and weights.
        changes: of the configuration.

    Raises:
        ImportModelError: there are no weights, a key is missing or left over, or a shape
            differs.
    """
    transformers.utils.logging.disable_progress_bar()
    kind = getattr(transformers, folder.architecture)
    try:
        network, report = kind.from_pretrained(
            folder.path,
            local_files_only=True,
            weights_only=True,
            output_loading_info=True,
            dtype="float32",
            **changes,
        )
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        msg = f"{folder.path}: {folder.architecture} can't be loaded ({reason})"
        raise ImportModelError(msg) from error
    _expect_whole(report, folder)
    return network.eval()


def _read_by_someone(keys: Iterable[str]) -> list[str]:
    return sorted(key for key in keys if not key.startswith(_TRAINING_ALONE))


def _expect_whole(report: dict[str, Any], folder: ModelFolder) -> None:
    wrong = {
        "missing": _read_by_someone(report["missing_keys"]),
        "left over": _read_by_someone(report["unexpected_keys"]),
        "of another shape": sorted(str(key) for key in report["mismatched_keys"]),
    }
    found = [f"{len(keys)} {what}: {', '.join(keys)}" for what, keys in wrong.items() if keys]
    if found:
        msg = (
            f"{folder.path}: the weights do not fit {folder.architecture}; {'; '.join(found)}. "
            "Take configuration and weights from the same place"
        )
        raise ImportModelError(msg)

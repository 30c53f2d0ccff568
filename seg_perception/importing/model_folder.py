"""A published model as `transformers` keeps it: a folder of configuration, weights and licence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.core.errors import ImportModelError

_CONFIG = "config.json"
_PROCESSOR = "preprocessor_config.json"
_LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING")
_CARD = "README.md"


@dataclass(frozen=True)
class ModelFolder:
    """What a folder says of its network.

    Attributes:
        path: the folder.
        config: what `config.json` holds.
    """

    path: Path
    config: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> ModelFolder:
        """Read the configuration of a network.

        Raises:
            ImportModelError: no such file, or not one of `transformers`.
        """
        config = _read_json(path / _CONFIG)
        if not isinstance(config.get("architectures"), list) or not config["architectures"]:
            msg = (
                f"{path / _CONFIG}: expected `architectures`, as save_pretrained writes it, found "
                "none: name the folder of a whole model, not of a backbone or an adapter"
            )
            raise ImportModelError(msg)
        return cls(path, config)

    @property
    def has_processor(self) -> bool:
        """Whether it says which pixels the network wants."""
        return (self.path / _PROCESSOR).is_file()

    @property
    def architecture(self) -> str:
        """The class of `transformers`, such as SegformerForSemanticSegmentation."""
        return str(self.config["architectures"][0])

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names by class id, as `id2label` has them.

        Raises:
            ImportModelError: there are none, or the ids have gaps.
        """
        given = self.config.get("id2label") or {}
        names = {int(number): str(name) for number, name in given.items()}
        if sorted(names) != list(range(len(names))) or not names:
            msg = (
                f"{self.path / _CONFIG}: expected id2label with ids 0 to n - 1, got {sorted(names)}"
            )
            raise ImportModelError(msg)
        return tuple(names[number] for number in range(len(names)))

    def licence(self) -> tuple[str, str]:
        """Name and text of the weights' licence; empty where the folder says nothing of it."""
        card = self.path / _CARD
        text = card.read_text(errors="replace") if card.is_file() else ""
        named = re.search(r"^license(?:_name)?:\s*(.+)$", text, re.MULTILINE)
        file = next((self.path / n for n in _LICENCES if (self.path / n).is_file()), None)
        full = file.read_text(errors="replace") if file else ""
        return named.group(1).strip().strip("'\"") if named else "", full


def _read_json(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        msg = (
            f"{file.parent}: expected a model's folder with {file.name}, found none; name a folder "
            "that save_pretrained wrote, a model of the hub, or an .onnx file"
        )
        raise ImportModelError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{file}: can't be read ({error}): download it again"
        raise ImportModelError(msg) from error
    if not isinstance(read, dict):
        msg = f"{file}: expected an object, got {type(read).__name__}: download it again"
        raise ImportModelError(msg)
    return read

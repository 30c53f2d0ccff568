"""What people say of their weights: a YAML file, readable without torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import load_model


class ReleaseFile(BaseModel):
    """What a release YAML holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    licence: str
    licence_text: str
    notice: str = ""
    command: str
    datasets: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> ReleaseFile:
        """Read a release file.

        Raises:
            ConfigError: no such file, or everything that is wrong in it, a sentence a line.
        """
        expected = "a release file, as `seg-perception train new` writes one"
        return load_model(cls, path, expected, ConfigError)

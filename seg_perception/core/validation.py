"""What people write: YAML read, and what is wrong with it said in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from seg_perception.core.disk_errors import cant
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.yaml_document import MAX_CHARACTERS, parse_yaml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

# Of a longer value the place says enough.
_SHORT = 60


def read_yaml(path: Path, expected: str, kind: type[SegPerceptionError]) -> Any:
    """What a YAML file holds.

    Args:
        path: the file.
        expected: what it should be, for the sentence that says that it is absent.
        kind: the error to raise.

    Raises:
        SegPerceptionError: of `kind`: no such file, it can't be read, is not YAML, or more of it
            than anybody writes.
    """
    try:
        if path.is_file():
            with path.open(encoding="utf-8") as stream:
                return parse_yaml(stream.read(MAX_CHARACTERS + 1))
    except ValueError as error:
        msg = f"{path} is not YAML: {error}"
        raise kind(msg) from error
    except OSError as error:
        raise kind(cant("read", path, error)) from error
    msg = f"{path} not found: expected {expected}"
    raise kind(msg)


def load_model(
    model: type[Model], path: Path, expected: str, kind: type[SegPerceptionError]
) -> Model:
    """A model from a YAML file.

    Args:
        model: what the file describes.
        path: the file.
        expected: as in `read_yaml`.
        kind: the error to raise.

    Raises:
        SegPerceptionError: of `kind`: as `read_yaml`, or everything that is wrong in it, a
            sentence a line.
    """
    data = read_yaml(path, expected, kind)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise kind("\n".join(explain_all(error, str(path)))) from error


def explain(error: ValidationError, origin: str, renamed: Mapping[str, str] | None = None) -> str:
    """One sentence about the first thing that is wrong.

    Args:
        error: what pydantic found.
        origin: where the data came from.
        renamed: what the user calls the outermost keys, where the model calls them otherwise.
    """
    return _sentence(error.errors()[0], origin, renamed or {})


def explain_all(
    error: ValidationError, origin: str, renamed: Mapping[str, str] | None = None
) -> list[str]:
    """A sentence about each thing that is wrong; arguments as for `explain`."""
    entries = error.errors()
    # A list is called too short when all that is in it was refused.
    refused = {entry["loc"][:length] for entry in entries for length in range(len(entry["loc"]))}
    return [
        _sentence(entry, origin, renamed or {})
        for entry in entries
        if not (entry["type"] == "too_short" and entry["loc"] in refused)
    ]


def _sentence(entry: ErrorDetails, origin: str, renamed: Mapping[str, str]) -> str:
    parts = [str(part) for part in entry["loc"]]
    if parts:
        parts[0] = renamed.get(parts[0], parts[0])
    place = ": ".join(filter(None, (origin, ".".join(parts))))
    if entry["type"] == "missing":
        return f"{place} is missing; give it a value"
    got = _shown(entry["input"])
    text = entry["msg"].removeprefix("Value error, ")
    return f"{place}: {text}, got {got}" if len(got) <= _SHORT else f"{place}: {text}"


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except (ValueError, RecursionError):  # a number of too many digits, or maps without an end
        return f"a very long {type(value).__name__}"

"""Why ONNX Runtime does not take a file, in one sentence with its mend."""

from __future__ import annotations

import re
from pathlib import Path

from seg_perception.core.git_lfs import pointer_mend

_CUSTOM = (
    r"Fatal error: (?P<domain>[\w.]+):(?P<operator>\w+)\(.*is not a registered function/op",
    r"No Op registered for (?P<operator>\w+) with",
)
_DATA_MISSING = r"External data path does not exist: \"?(?P<file>[^\"]+)"
_DATA_CUT = r"external initializer|Deserialize tensor"
_TOO_NEW = r"IR version: \d+, max|\*guarantees\* support for models stamped"


def explain_load_failure(file: Path, runtime: str, error: Exception) -> str:
    """What is wrong with a model, and what to do.

    Args:
        file: that was loaded.
        runtime: ONNX Runtime and its version.
        error: what it raised.
    """
    text = " ".join(str(error).split())
    if mend := _pointer(file):
        return mend
    if found := _first(_CUSTOM, text):
        operator = ":".join(part for part in found.groupdict().values() if part)
        return (
            f"{file} uses the operator {operator}, which is not one of ONNX: export the model "
            "without custom operators (mmdeploy: backend onnxruntime, without its plug-ins)"
        )
    if found := _first((_DATA_MISSING,), text):
        name = Path(found["file"]).name
        return f"{file}: its weights should lie in {name} beside it: copy that file there, too"
    if _first((_DATA_CUT,), text):
        return f"{file}: the file with its weights was cut: copy it again ({_short(error)})"
    if _first((_TOO_NEW,), text):
        return (
            f"{file} was exported for a newer ONNX than {runtime} knows: export it with "
            f"opset_version=17, or install a newer onnxruntime ({_short(error)})"
        )
    return f"{runtime} can't load {file} ({_short(error)}); export the model for this version"


def _pointer(file: Path) -> str:
    """Of the model, or of a file beside it."""
    candidates = [file, *sorted(file.parent.glob(f"{file.name}*")), *file.parent.glob("*.data")]
    mends = (pointer_mend(path) for path in candidates if path.is_file())
    return next((mend for mend in mends if mend), "")


def _first(patterns: tuple[str, ...], text: str) -> re.Match[str] | None:
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in patterns)
    return next((match for match in found if match), None)


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

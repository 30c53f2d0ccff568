"""Which operators an ONNX file uses, found without the package onnx, which robots need not have."""

from __future__ import annotations

import mmap
from pathlib import Path

# The field op_type of a node: number 4, and bytes with their length before them.
_OPERATOR_TAG = 0x22


def uses_operator(file: Path, operator: str) -> bool:
    """Whether a node of a model, or of a branch in it, is of this type.

    Names of tensors stand under other tags, so that an operator's name in them is not found.

    Raises:
        OSError: it can't be read.
    """
    wanted = bytes([_OPERATOR_TAG, len(operator)]) + operator.encode()
    with file.open("rb") as stream:
        if file.stat().st_size == 0:
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(wanted) >= 0

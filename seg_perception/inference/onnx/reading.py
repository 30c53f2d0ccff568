"""What the nodes of an ONNX graph read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def names_read(nodes: Iterable[Any]) -> Iterable[str]:
    """Tensors that nodes read, in their branches too."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from names_read(attribute.g.node)

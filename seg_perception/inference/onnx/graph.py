"""The nodes of an ONNX graph: what they read, and which of them an output needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import onnx


def names_read(nodes: Iterable[Any]) -> Iterable[str]:
    """Tensors that nodes read, in their branches too."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from names_read(attribute.g.node)


def keep_outputs(model: bytes, names: Collection[str]) -> bytes:
    """A model with some of its outputs, and without what only the others needed.

    Raises:
        ValueError: it has no such output.
    """
    proto = onnx.load_from_string(model)
    graph = proto.graph
    kept = [output for output in graph.output if output.name in names]
    if missing := set(names) - {output.name for output in kept}:
        msg = f"outputs: expected {sorted(missing)} among {[o.name for o in graph.output]}"
        raise ValueError(msg)
    del graph.output[:]
    graph.output.extend(kept)
    needed = {output.name for output in kept}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(names_read([node]))
    del graph.node[:]
    graph.node.extend(reversed(nodes))
    weights = [w for w in graph.initializer if w.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    return bytes(proto.SerializeToString())


def made_alike(one: bytes, other: bytes, name: str) -> bool:
    """Whether two models make an output of the same nodes and weights."""
    made = [onnx.load_from_string(keep_outputs(model, [name])).graph for model in (one, other)]
    weights = [{w.name: w.SerializeToString() for w in graph.initializer} for graph in made]
    return made[0].node == made[1].node and weights[0] == weights[1]


def first_readers(graph: Any, kinds: Collection[str]) -> list[Any]:
    """Nodes of some kinds that an input reaches without passing another of them."""
    reached = {tensor.name for tensor in graph.input}
    found = []
    for node in graph.node:
        if reached.isdisjoint(names_read([node])):
            continue
        if node.op_type in kinds:
            found.append(node)
        else:
            reached.update(node.output)
    return found


def last_makers(graph: Any, kinds: Collection[str]) -> list[Any]:
    """Nodes of some kinds that reach an output without passing another of them."""
    reached = {tensor.name for tensor in graph.output}
    found = []
    for node in reversed(graph.node):
        if reached.isdisjoint(node.output):
            continue
        if node.op_type in kinds:
            found.append(node)
        else:
            reached.update(names_read([node]))
    return found

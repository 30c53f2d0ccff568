"""Weights of an ONNX graph at half the size: stored in 16 bits, computed with in 32."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Below it, a node more costs what two bytes a number save.
_LEAST_NUMBERS = 1024
_STORED = "_stored"


def halve_weights(model: bytes) -> bytes:
    """A model whose large fp32 weights are stored as fp16, each with a cast to fp32 after it.

    Engines work the casts out when they load. The weights are rounded to 11 binary
    digits, so that what was measured of the model before is not known of this one.
    """
    proto = onnx.load_from_string(model)
    graph = proto.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < _LEAST_NUMBERS:
            continue
        name = weight.name
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, name + _STORED))
        casts.append(helper.make_node("Cast", [name + _STORED], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return bytes(proto.SerializeToString())

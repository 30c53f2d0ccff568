"""What a network costs, counted operator by operator without computing anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from seg_perception.training.models.devices import Operator

_BILINEAR_FLOPS = 8


@dataclass(frozen=True)
class Cost:
    """Of one image.

    Attributes:
        parameters: weights.
        operators: everything that multiplies.
    """

    parameters: int
    operators: tuple[Operator, ...]

    @property
    def flops(self) -> int:
        """Floating-point operations, attention included."""
        return sum(operator.flops for operator in self.operators)


def count_cost(make: Callable[[], nn.Module], size: tuple[int, int]) -> Cost:
    """Count a network for one image.

    Args:
        make: makes it; it is made without memory for its weights.
        size: width, height of a uint8 (1, H, W, 3) image.
    """
    with torch.device("meta"):
        # Some layers ask for memory of the processor all the same.
        network = make().eval().to("meta")
        image = torch.zeros(1, size[1], size[0], 3, dtype=torch.uint8)
    found: list[Operator] = []
    with torch.no_grad(), _Attention(found), _Products(found):
        network(image)
    return Cost(sum(p.numel() for p in network.parameters()), tuple(found))


class _Attention(TorchFunctionMode):
    """Counts fused attention, which never writes its products to memory."""

    def __init__(self, found: list[Operator]) -> None:
        super().__init__()
        self._found = found

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is not scaled_dot_product_attention:
            return func(*args, **kwargs)
        query, key, value = args[:3]
        pairs = math.prod(query.shape[:-1]) * key.shape[-2]
        result = query.new_empty((*query.shape[:-1], value.shape[-1]))
        flops = 2 * pairs * (query.shape[-1] + value.shape[-1])
        self._found.append(Operator(flops, _values([query, key, value, result])))
        return result


class _Products(TorchDispatchMode):
    """Counts matrix products, convolutions and bilinear samples."""

    def __init__(self, found: list[Operator]) -> None:
        super().__init__()
        self._found = found

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func._overloadpacket  # noqa: SLF001 (torch's own counter reads it)
        if packet in flop_registry:
            flops = int(flop_registry[packet](*args, **(kwargs or {}), out_val=result))
        elif packet is torch.ops.aten.grid_sampler_2d:
            flops = _BILINEAR_FLOPS * result.numel()
        else:
            return result
        self._found.append(Operator(flops, _values([*tree_leaves(args), result])))
        return result


def _values(leaves: Iterable[Any]) -> int:
    return sum(leaf.numel() for leaf in leaves if isinstance(leaf, Tensor))

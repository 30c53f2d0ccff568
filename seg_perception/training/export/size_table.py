"""What each network costs at each size, and how long devices need at least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seg_perception.training.export.serving import ServingGraph
from seg_perception.training.models.config import ModelConfig
from seg_perception.training.models.cost import count_cost
from seg_perception.training.models.cpu_peak import measure_ms
from seg_perception.training.models.devices import Device, Measured, roofline_ms
from seg_perception.training.models.factory import build_network

THIS_CPU = "cpu"


@dataclass(frozen=True)
class Row:
    """One network at one size.

    Attributes:
        network: its name.
        width, height: of the image.
        parameters: weights.
        gflops: of one image, from bytes to labels, attention included.
        megabytes: of the weights in half precision.
        computed_ms: shortest time by device.
        measured: what was measured, by device.
    """

    network: str
    width: int
    height: int
    parameters: int
    gflops: float
    megabytes: float
    computed_ms: Mapping[str, float]
    measured: Mapping[str, Measured]


@dataclass(frozen=True)
class TablePlan:
    """What is counted.

    Attributes:
        networks: configurations by name.
        sizes: width, height.
        class_count: number of classes.
        devices: by name.
        known: what others measured.
        measure: torch's name of the device that each network is run on as well; empty: on none.
    """

    networks: Mapping[str, ModelConfig]
    sizes: Sequence[tuple[int, int]]
    class_count: int
    devices: Mapping[str, Device]
    known: Sequence[Measured]
    measure: str = ""


def size_table(plan: TablePlan, advance: Callable[[int, int], None]) -> list[Row]:
    """Count every network at every size.

    Args:
        plan: what is counted.
        advance: is told how many of how many are done.

    Raises:
        ConfigError: a size does not fit a network's stride.
    """
    pairs = [(name, size) for name in plan.networks for size in plan.sizes]
    rows = []
    for index, (name, size) in enumerate(pairs):
        rows.append(_row(plan, name, size))
        advance(index + 1, len(pairs))
    return rows


def _row(plan: TablePlan, name: str, size: tuple[int, int]) -> Row:
    def make() -> ServingGraph:
        return ServingGraph(build_network(plan.networks[name], plan.class_count, 0, size))

    cost = count_cost(make, size)
    known = {m.device: m for m in plan.known if (m.network, m.size) == (name, size)}
    if plan.measure:
        known[plan.measure] = Measured(
            network=name,
            size=size,
            device=plan.measure,
            ms=measure_ms(make(), size, plan.measure),
            how="torch, float32",
            source="measured here",
        )
    return Row(
        network=name,
        width=size[0],
        height=size[1],
        parameters=cost.parameters,
        gflops=cost.flops / 1e9,
        megabytes=2 * cost.parameters / 1e6,
        computed_ms={d: roofline_ms(cost.operators, v) for d, v in plan.devices.items()},
        measured=known,
    )

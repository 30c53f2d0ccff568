"""Which steps there are, and how long each may take."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.gpu.step import Step

_CLI = (sys.executable, "-m", "seg_perception.cli")
_TENSORRT = ("tensorrt", "tensorrt_rtx")
_CHAIN = (
    "tensorrt/fp16_islands",
    "tensorrt/fp32",
    "onnxruntime/CUDAExecutionProvider",
    "onnxruntime/CPUExecutionProvider",
)


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        folder: of everything that is made.
        device: torch's name of it.
        networks: of the table and of the training steps, by preset.
        members: names of the random networks that are imported.
        size: of table and training, WxH.
        seconds: of each half of a bench.
        chain: engines that are measured.
    """

    folder: Path
    device: str
    networks: tuple[str, ...]
    members: tuple[str, ...]
    size: str
    seconds: float
    chain: tuple[str, ...] = _CHAIN

    @classmethod
    def of_gpu(cls, folder: Path) -> Plan:
        """What `make gpu` measures."""
        networks = ("eomt S", "eomt L", "mask2former S", "mask2former L")
        members = ("eomt_S", "mask2former_S", "eomt_L", "mask2former_L")
        return cls(folder, "cuda", networks, members, "512x512", 3.0)

    @classmethod
    def tiny(cls, folder: Path) -> Plan:
        """The same steps with tiny networks on the CPU: whether they work at all."""
        chain = ("onnxruntime/CPUExecutionProvider",)
        members = ("eomt_tiny", "mask2former_tiny")
        return cls(folder, "cpu", ("field_cnn",), members, "64x64", 0.2, chain)

    def steps(self) -> Iterator[Step]:
        """All, the most telling first: what there is no time for is at the end."""
        yield Step("machine", (sys.executable, "-m", "bench.gpu.machine"), 60)
        yield from self._of_bundle("field_tiny", "field_tiny")
        yield self._table()
        yield from map(self._training, self.networks)
        for member in self.members:
            yield from self._of_member(member)

    def _table(self) -> Step:
        chosen = [word for name in self.networks for word in ("--network", name)]
        asked = ("--size", self.size, "--measure", "--device", self.device, "--json")
        return Step("table", (*_CLI, "model", "table", *chosen, *asked), 90, (("torch",),))

    def _training(self, network: str) -> Step:
        asked = ("--network", network, "--device", self.device, "--size", self.size)
        command = (sys.executable, "-m", "bench.gpu.training_steps", *asked)
        return Step(f"train {network}", command, 60, (("torch",),))

    def _of_member(self, member: str) -> Iterator[Step]:
        published, bundle = self.folder / f"{member}_published", self.folder / member
        make = (sys.executable, "-m", "bench.gpu.members", member, str(published))
        needs = (("torch",), ("transformers",), ("onnx",))
        yield Step(f"make {member}", make, 90, needs)
        command = (*_CLI, "import", str(published), "-o", str(bundle), "--json")
        yield Step(f"import {member}", command, 150, needs, (f"make {member}",))
        yield from self._of_bundle(member, str(bundle), (f"import {member}",))

    def _of_bundle(self, name: str, bundle: str, after: tuple[str, ...] = ()) -> Iterator[Step]:
        cache = f"tensorrt.cache={self.folder / 'engines'}"
        chain = f"segmentation.chain=[{','.join(self.chain)}]"
        settings = (bundle, "--set", cache, "--set", chain, "--json")
        lengths = ("--duration", str(self.seconds))
        if any(entry.startswith("tensorrt/") for entry in self.chain):
            build = (*_CLI, "engine", "build", *settings)
            yield Step(f"build {name}", build, 150, (_TENSORRT,), after)
        yield Step(f"verify {name}", (*_CLI, "engine", "verify", *settings), 60, (), after)
        yield Step(f"bench {name}", (*_CLI, "engine", "bench", *settings, *lengths), 60, (), after)

"""Which build of torch the set-up installs.

For Linux PyPI has the build with CUDA alone: 3 GB to download, of which a machine without an NVIDIA
driver can use nothing. The build for CPUs is 0.2 GB, carries `+cpu` in its version, and lies on
PyTorch's own index, or on a mirror that pip is configured for. Standard library only.
"""

from __future__ import annotations

import re
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PYPI = "pypi"


@dataclass(frozen=True)
class Source:
    """One way to get torch.

    Attributes:
        build: the local version that is asked for, such as "+cpu", or "" for whatever comes first.
        index: a package index besides pip's own, or "".
    """

    build: str = ""
    index: str = ""

    def arguments(self, requirement: str) -> list[str]:
        """What pip is told; an index that can't be reached is given up after one more try."""
        options = ["--retries", "1", "--extra-index-url", self.index] if self.index else []
        return [*options, f"{requirement}{self.build}"]


def torch_sources(system: str, *, driver: bool, chosen: str) -> tuple[Source, ...]:
    """Decide where torch comes from; the first source that has it is taken.

    Args:
        system: as `platform.system()` has it.
        driver: whether there is an NVIDIA driver.
        chosen: TORCH_INDEX: "pypi", the address of an index, or "" to decide here.
    """
    if chosen == PYPI:
        return (Source(),)
    if chosen:
        return (Source(index=chosen),)
    if system != "Linux" or driver:
        return (Source(),)
    return (Source(build="+cpu"), Source(build="+cpu", index=CPU_INDEX))


def has_nvidia_driver() -> bool:
    """Whether CUDA programs find a driver: its library, or the kernel's module in a container."""
    return find_library("cuda") is not None or Path("/proc/driver/nvidia/version").exists()


def torch_requirement(file: Path) -> str:
    """The line of a requirements file that asks for torch."""
    found = re.search(r"^torch==\S+$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        msg = f"{file}: expected a line torch==VERSION"
        raise ValueError(msg)
    return found.group()

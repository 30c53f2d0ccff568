"""What nodes are put together from; each component lives from activation to deactivation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from seg_perception.ros.inputs import StreamInput


class Component(Protocol):
    """One part of the work."""

    @property
    def streams(self) -> Sequence[StreamInput]:
        """What it listens to."""
        ...

    def adapt(self) -> None:
        """Follow changes of the graph, and say what is amiss there; called from time to time."""
        ...

    def stop(self) -> None:
        """End it; every message that it still holds is accounted for."""
        ...

"""Our node with an engine of 15 ms in place of its own."""

from __future__ import annotations

import sys
from typing import Any

from bench.live.timed_engine import TimedEngine
from seg_perception.inference.bundle import Bundle
from seg_perception.ros.perception_node import PerceptionNode
from seg_perception.ros.semantic_node import run_node

ENGINE_S = 0.015


class PipelineNode(PerceptionNode):
    """As it is shipped but for the engine, which takes the time of one on a GPU."""

    def load_engine(self, bundle: Bundle) -> Any:
        """One that only takes its time."""
        return TimedEngine(bundle, ENGINE_S)


if __name__ == "__main__":
    sys.exit(run_node(PipelineNode, sys.argv))

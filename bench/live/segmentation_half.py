"""The node with the cameras of two, with an engine of 15 ms in place of its own."""

from __future__ import annotations

import sys
from typing import Any

from bench.live.pipeline_node import ENGINE_S
from bench.live.timed_engine import TimedEngine
from seg_perception.inference.bundle import Bundle
from seg_perception.ros.segmentation_node import SegmentationNode
from seg_perception.ros.semantic_node import run_node


class SegmentationHalf(SegmentationNode):
    """As it is shipped but for the engine; the clouds are labelled by another process."""

    def load_engine(self, bundle: Bundle) -> Any:
        """One that only takes its time."""
        return TimedEngine(bundle, ENGINE_S)


if __name__ == "__main__":
    sys.exit(run_node(SegmentationHalf, sys.argv))

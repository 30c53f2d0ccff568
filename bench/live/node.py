"""Our node with an engine of 15 ms, or the same with its work in a row: the baseline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from bench.live.serial_clouds import SerialClouds
from bench.live.serial_segmentation import SerialSegmentation
from bench.live.timed_engine import TimedEngine
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.segmenter import Segmenter
from seg_perception.ros.component import Component
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.perception_node import PerceptionNode
from seg_perception.ros.semantic_node import run_node

ENGINE_S = 0.015


class PipelineNode(PerceptionNode):
    """As it is shipped."""

    def load_engine(self, bundle: Bundle) -> Any:
        """One that takes the time of a GPU."""
        return TimedEngine(bundle, ENGINE_S)


class SerialNode(PipelineNode):
    """One thread for the images, one for clouds and map."""

    def make_components(self, context: NodeContext) -> Sequence[Component]:
        """Images to labels, labels to clouds."""
        segmenter = Segmenter(self.engine, context.config.segmentation)
        return SerialSegmentation(context, segmenter), SerialClouds(context)


NODES = {"pipeline": PipelineNode, "serial": SerialNode}


if __name__ == "__main__":
    name = sys.argv.pop(1)
    sys.exit(run_node(NODES[name], sys.argv))

"""The baseline: the same node with its work in a row, in a process that is set as it was."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import bench.live.as_it_was  # noqa: F401 (before numpy, which reads what it sets)
from bench.live.pipeline_node import PipelineNode
from bench.live.serial_clouds import SerialClouds
from bench.live.serial_segmentation import SerialSegmentation
from seg_perception.inference.segmenter import Segmenter
from seg_perception.ros.component import Component
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.semantic_node import run_node


class SerialNode(PipelineNode):
    """One thread for the images, one for all clouds and the map."""

    def make_components(self, context: NodeContext) -> Sequence[Component]:
        """Images to labels, labels to clouds."""
        segmenter = Segmenter(self.engine, context.config.segmentation)
        return SerialSegmentation(context, segmenter), SerialClouds(context)


if __name__ == "__main__":
    sys.exit(run_node(SerialNode, sys.argv))

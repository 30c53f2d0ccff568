"""Cameras, lidars and radars to label images and semantic clouds, in one process."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from seg_perception.config import Config
from seg_perception.core.background_work import UnhurriedWork
from seg_perception.inference.segmenter import Segmenter
from seg_perception.outputs.topics import NODE_NAME, OutputTopic, description_topics
from seg_perception.ros.cloud_labelling import CloudLabelling
from seg_perception.ros.component import Component
from seg_perception.ros.image_segmentation import ImageSegmentation
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.semantic_node import SemanticNode, run_node


class PerceptionNode(SemanticNode):
    """Label images stay in the process: clouds take them from memory."""

    def __init__(self, **options: Any) -> None:
        """Make the node."""
        super().__init__(NODE_NAME, **options)

    def descriptions(self, config: Config) -> Iterable[OutputTopic]:
        """What its labels mean."""
        return description_topics(config)

    def make_components(self, context: NodeContext) -> Sequence[Component]:
        """Images to labels, labels to clouds."""
        context.perception.watch_calibration(UnhurriedWork("calibration"))
        segmenter = Segmenter(self.engine, context.config.segmentation)
        return ImageSegmentation(context, segmenter), CloudLabelling(context)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_node(PerceptionNode, arguments)


if __name__ == "__main__":
    sys.exit(main())

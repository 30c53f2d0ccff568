"""Cameras to label images: the half of the work for the machine with the cameras.

The labels travel to `semantic_cloud_node` as PNG where `output.png` is set, without ground of a
camera that can't be trusted now: points get what is published.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from seg_perception.config import Config
from seg_perception.inference.segmenter import Segmenter
from seg_perception.outputs.topics import OutputTopic, image_descriptions, legend_topics
from seg_perception.ros.component import Component
from seg_perception.ros.image_segmentation import ImageSegmentation
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.semantic_node import SemanticNode, run_node


class SegmentationNode(SemanticNode):
    """Publishes label images."""

    def __init__(self, **options: Any) -> None:
        """Make the node."""
        super().__init__("segmentation_node", **options)

    def descriptions(self, config: Config) -> Iterable[OutputTopic]:
        """What its labels mean."""
        return (*legend_topics(), *image_descriptions(config))

    def make_components(self, context: NodeContext) -> Sequence[Component]:
        """Images to labels."""
        segmenter = Segmenter(self.engine, context.config.segmentation)
        return (ImageSegmentation(context, segmenter, context.perception.take_for_others),)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_node(SegmentationNode, arguments)


if __name__ == "__main__":
    sys.exit(main())

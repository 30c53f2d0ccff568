"""Label images and clouds to semantic clouds: the half for the machine with the lidars.

It needs the same parameter file and the same bundle as `segmentation_node`, for the
ontology, and no engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from seg_perception.config import Config
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import ValidatedEngine
from seg_perception.outputs.topics import OutputTopic, cloud_descriptions, legend_topics
from seg_perception.ros.cloud_labelling import CloudLabelling
from seg_perception.ros.component import Component
from seg_perception.ros.label_image_input import LabelImageInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.semantic_node import SemanticNode, run_node


class SemanticCloudNode(SemanticNode):
    """Publishes semantic clouds."""

    def __init__(self, **options: Any) -> None:
        """Make the node."""
        super().__init__("semantic_cloud_node", **options)

    def load_engine(self, bundle: Bundle) -> ValidatedEngine | None:
        """Load nothing: another machine runs the model."""
        del bundle
        return None

    def descriptions(self, config: Config) -> Iterable[OutputTopic]:
        """What its labels mean."""
        return (*legend_topics(), *cloud_descriptions(config))

    def make_components(self, context: NodeContext) -> Sequence[Component]:
        """Labels from the network to clouds."""
        return LabelImageInput(context), CloudLabelling(context)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_node(SemanticCloudNode, arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Label images and clouds to semantic clouds: the half for the machine with the lidars.

It needs the same parameter file and the same bundle as `segmentation_node`, for the
ontology, and no engine.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import ProvenEngine
from seg_perception.nodes.cloud_part import CloudPart
from seg_perception.nodes.label_part import LabelPart
from seg_perception.nodes.part import Part
from seg_perception.nodes.runtime import Runtime
from seg_perception.nodes.semantic_node import SemanticNode, live


class SemanticCloudNode(SemanticNode):
    """Publishes semantic clouds."""

    def __init__(self, **options: Any) -> None:
        """Make the node."""
        super().__init__("semantic_cloud_node", **options)

    def load_engine(self, bundle: Bundle) -> ProvenEngine | None:
        """Load nothing: another machine runs the model."""
        del bundle
        return None

    def make_parts(self, runtime: Runtime) -> Sequence[Part]:
        """Labels from the network to clouds."""
        labels = LabelPart(runtime)
        return labels, CloudPart(runtime, labels.handlers)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node."""
    return live(SemanticCloudNode, arguments)


if __name__ == "__main__":
    sys.exit(main())

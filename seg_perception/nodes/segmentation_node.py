"""Cameras to label images: the half of the work for the machine with the cameras.

The labels travel to `semantic_cloud_node` as PNG where `output.png` is set.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from seg_perception.inference.segmenter import Segmenter
from seg_perception.nodes.camera_part import CameraPart
from seg_perception.nodes.part import Part
from seg_perception.nodes.runtime import Runtime
from seg_perception.nodes.semantic_node import SemanticNode, live


class SegmentationNode(SemanticNode):
    """Publishes label images."""

    def __init__(self, **options: Any) -> None:
        """Make the node."""
        super().__init__("segmentation_node", **options)

    def make_parts(self, runtime: Runtime) -> Sequence[Part]:
        """Images to labels."""
        return (CameraPart(runtime, Segmenter(self.engine, runtime.config.segmentation)),)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node."""
    return live(SegmentationNode, arguments)


if __name__ == "__main__":
    sys.exit(main())

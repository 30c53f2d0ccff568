"""Cameras, lidars and radars to label images and semantic clouds, in one process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from seg_perception.inference.segmenter import Segmenter
from seg_perception.nodes.camera_part import CameraPart
from seg_perception.nodes.cloud_part import CloudPart
from seg_perception.nodes.part import Part
from seg_perception.nodes.runtime import Runtime
from seg_perception.nodes.semantic_node import SemanticNode, live
from seg_perception.topics import NODE_NAME


class PerceptionNode(SemanticNode):
    """Label images stay in the process: clouds take them from memory."""

    def __init__(self, **options: Any) -> None:
        """Make the node."""
        super().__init__(NODE_NAME, **options)

    def make_parts(self, runtime: Runtime) -> Sequence[Part]:
        """Images to labels, labels to clouds."""
        segmenter = Segmenter(self.engine, runtime.config.segmentation)
        return CameraPart(runtime, segmenter), CloudPart(runtime)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node."""
    return live(PerceptionNode, arguments)


if __name__ == "__main__":
    sys.exit(main())

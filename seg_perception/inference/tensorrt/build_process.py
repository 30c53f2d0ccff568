"""`python -m seg_perception.inference.tensorrt.build_process`: builds one engine.

A process of its own, since a builder may crash or take all memory. Reads a `BuildRequest`
as one line of JSON from standard input, writes one JSON document a line to standard
output, and ends when its input does: with the process that asked.
"""

from __future__ import annotations

import os
import sys
import threading

from seg_perception.core.errors import EngineError
from seg_perception.inference.tensorrt.builder_pipe import BuilderPipe, BuildFailure, BuildRequest
from seg_perception.inference.tensorrt.network_builder import build


def main() -> int:
    """Build; 0 where the plan is written."""
    pipe = BuilderPipe()
    request = BuildRequest.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        pipe.send(build(request, pipe))
    except (EngineError, OSError, MemoryError) as error:
        pipe.send(BuildFailure(reason=str(error) or type(error).__name__))
        return 1
    return 0


def _end_with_input() -> None:
    try:
        sys.stdin.read()
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

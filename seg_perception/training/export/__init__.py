"""From a checkpoint to a proven model bundle (torch, onnx, extra `[train]`)."""

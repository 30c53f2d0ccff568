"""From a checkpoint to a model bundle that was compared with it (torch, onnx, extra `[train]`)."""

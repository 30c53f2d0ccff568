"""Passes over ONNX graphs (onnx, extra `[train]`; no torch)."""

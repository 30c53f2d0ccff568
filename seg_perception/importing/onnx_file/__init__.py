"""A bare ONNX file, made into a bundle (onnx and ONNX Runtime; no torch)."""

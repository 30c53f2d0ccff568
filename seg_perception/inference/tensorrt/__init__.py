"""TensorRT engines: built in a child process, kept under an honest key, run without torch."""

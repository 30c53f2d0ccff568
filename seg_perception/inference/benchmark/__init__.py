"""How fast engines are, measured and reported as NVIDIA's ros2_benchmark does."""

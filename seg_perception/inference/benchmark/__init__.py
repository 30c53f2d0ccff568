"""How fast engines are, in the words of NVIDIA's ros2_benchmark."""

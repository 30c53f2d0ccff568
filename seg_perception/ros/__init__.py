"""Thin ROS 2 nodes around the core; the only place that imports rclpy."""

import os

# The node has threads of its own for all that is large. With OpenBLAS' own beside them every
# product of a small matrix with a scan wakes one that spins: a third of a core at ten scans a
# second. It reads this when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

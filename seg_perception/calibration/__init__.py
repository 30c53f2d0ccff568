"""Whether camera and lidar agree about where and when things are, from a bag."""

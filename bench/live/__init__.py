"""Several cameras, lidar and radar in real time, before an engine of 15 ms."""

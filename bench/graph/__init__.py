"""The node and the usual one through the same graph: `make bench-graph`."""

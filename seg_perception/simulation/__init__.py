"""A simulated forest track: what its sensors would send, and the exact truth."""

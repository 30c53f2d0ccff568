"""From label maps to points."""

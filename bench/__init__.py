"""Speed of the pixel and point work, as ratios to baselines measured in the same run."""

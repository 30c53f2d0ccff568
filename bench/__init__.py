"""Speed of the pixel and point work, as ratios to rivals measured in the same run."""

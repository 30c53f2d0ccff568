"""Training of segmentation networks (torch, extra `[train]`)."""

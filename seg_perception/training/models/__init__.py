"""Segmentation networks (torch, extra `[train]`)."""

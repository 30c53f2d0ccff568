"""Bytes to types and back: bags, images, clouds, calibrations, transforms."""

"""Bytes to types and back: bags, images, clouds, lenses, transforms."""

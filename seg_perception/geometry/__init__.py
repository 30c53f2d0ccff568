"""Cameras, transforms and motion."""

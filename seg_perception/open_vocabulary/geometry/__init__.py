"""Geometry as a teacher: what many views of a place say of it, painted back into each picture."""

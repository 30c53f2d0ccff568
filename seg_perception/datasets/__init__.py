"""Labelled images on disk, one file per layout."""

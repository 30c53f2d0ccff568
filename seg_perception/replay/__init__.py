"""Bags through the core, offline."""

from seg_perception.replay.replay import ReplayOptions, replay
from seg_perception.replay.summary import ReplaySummary

__all__ = ["ReplayOptions", "ReplaySummary", "replay"]

"""Frames worth labelling: chosen from a bag, with labels to correct instead of to draw."""

from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.corrections import take_corrections
from seg_perception.active_learning.mine import mine
from seg_perception.active_learning.summary import MiningSummary

__all__ = ["MiningConfig", "MiningSummary", "mine", "take_corrections"]

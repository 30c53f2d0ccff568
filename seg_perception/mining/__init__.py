"""Frames worth labelling: chosen from a bag, with labels to correct instead of to draw."""

from seg_perception.mining.config import MiningConfig
from seg_perception.mining.corrections import take_corrections
from seg_perception.mining.mine import mine
from seg_perception.mining.summary import MiningSummary

__all__ = ["MiningConfig", "MiningSummary", "mine", "take_corrections"]

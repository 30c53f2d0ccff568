"""Figures: labels against truth, durations."""

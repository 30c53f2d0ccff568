"""From a model bundle to label maps, on any engine."""

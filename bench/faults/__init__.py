"""How soon a fault of a camera is named, and how often a sound one is."""

"""How soon a camera that was knocked is named while driving, and how often a sound one is."""

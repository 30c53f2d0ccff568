"""Who knows what is in a picture: masks of truth, clicks, and cuboids of the world."""

"""How well pictures fit scans, for any place of the camera."""

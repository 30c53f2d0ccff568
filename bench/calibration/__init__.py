"""How far the search for a calibration can be trusted: planted errors, and what is said of them."""

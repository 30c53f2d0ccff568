"""Random and mutated bytes against everything that decodes what others send."""

"""Teaching by clicks, measured with an annotator that knows the truth."""

"""How right the labels of points are, against exact truth and against the alternatives."""

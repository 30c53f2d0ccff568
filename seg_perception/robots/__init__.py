"""Views of a configuration's topics for RViz and Foxglove."""

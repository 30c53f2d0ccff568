"""What belongs to one robot: parameter file, RViz and Foxglove layouts, SROS 2 policy, launch."""

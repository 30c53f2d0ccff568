"""What a machine with a GPU has to show: trainings, networks and engines, in ten minutes."""

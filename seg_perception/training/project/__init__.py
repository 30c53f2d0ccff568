"""What `train new` writes: the files that a run is made of, from a folder of labelled images."""

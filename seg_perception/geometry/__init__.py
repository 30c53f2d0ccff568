"""Camera models, rigid transforms and motion between two times, in numpy alone."""

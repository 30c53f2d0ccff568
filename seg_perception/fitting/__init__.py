"""What is fitted to a finished model: what it is familiar with, and what its confidence means."""

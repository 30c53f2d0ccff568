"""A model taught on a terrain by clicks, and proven on stretches that were kept aside."""

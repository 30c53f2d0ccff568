"""Labels from words: open-vocabulary models as teachers, offline."""

"""Labels against truth, by a protocol: bags and data sets to scores, comparisons and reports."""

"""One command over many bags: on one machine or a cluster, resumable, with tables and a page."""

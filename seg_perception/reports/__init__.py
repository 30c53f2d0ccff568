"""HTML pages of one file each: no network, no script, pictures inside."""

"""The head of a bundle's own graph, trained in torch and written back (extra `[train]`)."""

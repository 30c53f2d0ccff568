"""Published models, made into bundles."""

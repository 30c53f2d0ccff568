"""Types, errors, ontology and message accounting: what every other folder stands on."""

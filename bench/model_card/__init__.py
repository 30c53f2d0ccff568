"""What a bundle of the field ontology finds on pictures that were set aside."""

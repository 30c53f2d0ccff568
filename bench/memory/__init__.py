"""How much of a scan has a label when places are remembered, and how right that is."""

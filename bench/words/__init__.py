"""How much looking a preview of words saves, and what it costs."""

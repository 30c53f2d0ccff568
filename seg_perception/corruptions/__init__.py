"""What light, motion, weather, dirt and cables do to pictures: imitations in five strengths."""

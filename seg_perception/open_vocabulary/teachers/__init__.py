"""Networks that find what they are asked for in words; torch and transformers are needed here."""

"""A schema to begin with, inferred from a table."""

"""The statistics of a table: exact counts, byte-identical for equal data."""

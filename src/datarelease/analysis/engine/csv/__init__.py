"""CSV files as text: encoding, header, structure, and how values are written."""

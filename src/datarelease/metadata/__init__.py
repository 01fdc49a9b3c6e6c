"""Standard descriptions of a version, written from its manifest, schemas and statistics."""

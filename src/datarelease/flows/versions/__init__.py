"""Versions that exist: found, read, compared, withdrawn, rolled back to."""

"""Geometry of what moves over versions; the templates draw it."""

"""Which offsets of a topic belong together."""

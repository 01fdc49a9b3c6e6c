"""Changes of somebody's files: drafted as values, then applied whole or not at all."""

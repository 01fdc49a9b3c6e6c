"""A dataset fed from a topic, added to a repository."""

"""Semantic-release for datasets."""

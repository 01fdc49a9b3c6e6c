"""Schemas whose checks are all Pandera's own: read and evaluated without loading Pandera."""

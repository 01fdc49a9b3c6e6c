"""Dagster definitions for a repository that adopted data releases.

``definitions.build_definitions`` makes them from the repository's own files; nothing here decides
anything about data. Only this package imports Dagster.
"""

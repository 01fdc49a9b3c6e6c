"""One repository on GitHub, through the REST API."""

from __future__ import annotations

from datarelease.adapters.github.pulls import Pulls
from datarelease.adapters.github.releases import Releases
from datarelease.adapters.github.settings import RepositorySettings


class GitHub(Pulls, Releases, RepositorySettings):
    """A repository on GitHub: pull requests, comments, statuses, releases, issues, settings."""

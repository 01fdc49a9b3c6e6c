"""What readers without git see of the versions: brought up to date after every change."""

from __future__ import annotations

from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.versions.export import export
from datarelease.flows.versions.index import write_index


def tell_readers(
    repository: Repository, catalogue: Catalogue, *, stale_only: bool = False
) -> tuple[str, ...]:
    """Write the index of versions and make the readable paths; a warning for each that failed.

    With ``stale_only`` an index that says what the tags say is left as it is.
    """
    return (
        *write_index(repository, catalogue, stale_only=stale_only),
        *export(repository, catalogue),
    )

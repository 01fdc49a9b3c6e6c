"""What readers without git see of the versions: brought up to date after every change."""

from __future__ import annotations

from datarelease.errors import ConfigError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.versions.export import export
from datarelease.flows.versions.index import write_index
from datarelease.model.review.pipeline import DEFAULT_PARAMS
from datarelease.settings.read import read_site


def tell_readers(repository: Repository, catalogue: Catalogue) -> tuple[str, ...]:
    """Write the index of versions and make the readable paths; a warning for each that failed."""
    return (*write_index(repository, catalogue), *export(repository, catalogue))


def published_catalogue(repository: Repository) -> str:
    """Where the catalogue is published: ``release.site`` of the newest commit; empty: nowhere."""
    head = repository.git.resolve("HEAD")
    if head is None:
        return ""
    try:
        return read_site(repository.at(head).mapping(DEFAULT_PARAMS)) or ""
    except ConfigError:
        return ""


def tell_of_catalogue(repository: Repository, *, pushed: bool, in_workflow: bool) -> None:
    """Say when the published catalogue shows a change that was made by hand.

    ``pushed``: it was made by a tag, which starts a workflow unless a workflow pushed it. A tag
    that is deleted starts none.
    """
    address = published_catalogue(repository)
    if not address:
        return
    otherwise = (
        "after the next release or weekly verification. To show it now, start the workflow that "
        "publishes the catalogue (`data-site` on GitHub)."
    )
    if in_workflow:
        said = f"{address} shows this after `data-site`, which the end of `data-versions` starts."
    elif pushed:
        said = (
            f"{address} shows this in a few minutes if the tagged commit has the workflow "
            f"`data-tags`; if not, {otherwise}"
        )
    else:
        said = f"{address} shows this {otherwise}"
    repository.progress.say(said)

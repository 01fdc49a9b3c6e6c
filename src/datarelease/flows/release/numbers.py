"""Which numbers are in use, and which tags are versions, as everything that is in reach says."""

from __future__ import annotations

from datarelease.flows.catalogue import Catalogue
from datarelease.flows.versions.documents import find_manifest_bytes, manifest_of
from datarelease.flows.workspace import Workspace
from datarelease.model.versions.manifest import DIRECTORY


def numbers_in_use(ws: Workspace, catalogue: Catalogue) -> frozenset[int]:
    """Numbers that this clone's own tags or folders on a required remote have.

    So a number stays used after somebody deleted its tag on the git remote.

    Raises:
        WorldError: A remote cannot be listed.
    """
    names = set(catalogue.local)
    # A prefix with slashes in it makes folders in folders.
    above = "".join(ws.tags.prefix.rpartition("/")[:2])
    for remote in ws.remotes:
        names |= {f"{above}{name}" for name in remote.folders(f"{DIRECTORY}/{above}".rstrip("/"))}
    return frozenset(
        number
        for name in names
        if (number := ws.tags.parse(name) or ws.tags.parse_yank(name)) is not None
    )


def without_hand_made(ws: Workspace, catalogue: Catalogue) -> Catalogue:
    """The versions without those newest ones whose manifest is about something else than the tag.

    Such a tag takes its number, and nothing is ever compared with it. A manifest that is nowhere
    proves nothing: it may be lost.

    Raises:
        WorldError: A remote does not answer.
    """
    while (latest := catalogue.latest) is not None:
        data = find_manifest_bytes(ws, latest)
        if data is None or manifest_of(data, latest) is not None:
            return catalogue
        ws.progress.say(f"{latest.tag} is skipped: its manifest and its tag differ")
        catalogue = catalogue.without(latest)
    return catalogue

"""The manifests on a remote that are none of this project's versions: whose they are.

Several projects, and several repositories, may share a remote. What their versions hold stays. Of a
repository elsewhere nobody here knows the branches, so that where one shares the remote no object
of DVC's goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datarelease.adapters.git.repository import Git
from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.upkeep import StoredObject
from datarelease.adapters.store.workers import each
from datarelease.documents import DocumentError, decode_manifest
from datarelease.flows.catalogue import Catalogue
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.remote_keys import DIRECTORY, MANIFEST
from datarelease.model.versions.retention import Needed, document_hash

_READERS = 8
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Others:
    """What a remote's other manifests need."""

    objects: frozenset[str]
    documents: frozenset[str]
    elsewhere: tuple[str, ...]
    """Versions of other repositories, in words."""


def read_others(
    store: Store,
    stored: Sequence[StoredObject],
    needed: Needed,
    catalogue: Catalogue,
    git: Git,
    *,
    young: frozenset[str],
) -> Others:
    """What the manifests among the objects ``stored`` below ``releases/`` need.

    A manifest of this project without a tag is of a release that was given up, unless there is a
    copy of it, which is made after the tag, or its key is among the ``young`` ones: then a release
    may be under way.

    Raises:
        WorldError: The remote cannot be read.
    """
    known = {version.tag for version in catalogue.versions}
    # Somebody changed the tag of such a version: what it named may be wanted back.
    changed = set(catalogue.foreign) - {version.number for version in catalogue.versions}
    keys = [item.key for item in stored if _may_be_another(item.key, needed, known)]
    objects: set[str] = set()
    documents: set[str] = set()
    elsewhere: dict[str, None] = {}
    for key, manifest in zip(
        keys, each(lambda k: _manifest(store, k), keys, _READERS), strict=True
    ):
        if manifest is None:
            continue
        if isinstance(manifest, str):
            elsewhere[f"{manifest} ({key})"] = None
            continue
        here = git.resolve(manifest.commit) is not None
        sha256 = document_hash(key)
        number = catalogue.grammar.parse(manifest.tag)
        orphan = sha256 is not None and number is not None and number not in changed
        orphan = orphan and f"{DIRECTORY}/{manifest.tag}/{MANIFEST}" not in keys
        if orphan and here and key not in young:
            continue
        if not here:
            elsewhere[f"{manifest.tag} of commit {manifest.commit[:12]} ({key})"] = None
        objects |= manifest.objects.keys()
        documents |= {document.sha256 for document in manifest.documents}
        documents |= {sha256} if sha256 else set()
    return Others(
        objects=frozenset(objects),
        documents=frozenset(documents),
        elsewhere=tuple(_some(list(elsewhere))),
    )


# --- inside


def _may_be_another(key: str, needed: Needed, known: set[str]) -> bool:
    sha256 = document_hash(key)
    if sha256 is not None:
        return sha256 not in needed.documents
    tag, slash, name = key.removeprefix(f"{DIRECTORY}/").rpartition("/")
    return bool(slash) and name == MANIFEST and tag not in known


def _manifest(store: Store, key: str) -> Manifest | str | None:
    """A manifest, or what is wrong with one; None: a report, a profile, or anything else."""
    data = store.read(key)
    if data is None:
        return None
    try:
        manifest = decode_manifest(data)
    except DocumentError as error:
        meant = key.endswith(f"/{MANIFEST}") or _looks_like_one(data)
        return f"a manifest that cannot be read: {error}" if meant else None
    later = "a manifest of a later release of datarelease"
    return later if manifest.is_of_later_release else manifest


def _looks_like_one(data: bytes) -> bool:
    """It was meant to be a manifest: by a later release of this tool, say."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"tag", "datasets", "remotes"} <= found.keys()


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN:,} more"

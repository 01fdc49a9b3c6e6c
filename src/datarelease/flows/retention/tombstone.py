"""What stays of an erased version: the tag that says so, and a note in place of its documents."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from datarelease.adapters.store.directory import Store
from datarelease.errors import WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository
from datarelease.model.versions.remote_keys import metadata_key
from datarelease.model.versions.retention import ERASED_FILE
from datarelease.model.versions.version import Version, write_message
from datarelease.progress import Step

_FORMAT = 1


def push_tombstones(
    repository: Repository,
    versions: Sequence[Version],
    together: Iterable[Version],
    audit: Sequence[tuple[str, str]],
) -> None:
    """Push the annotated tags of an erasure, which name what is erased ``together``.

    Raises:
        WorldError: The git remote refused one.
    """
    refs = {}
    for version in versions:
        name = repository.tags.format_erased(version.number)
        others = " ".join(other.tag for other in together if other != version)
        trailers = [*audit, *([("With", others)] if others else [])]
        message = write_message(f"{version.tag} is erased", trailers)
        with repository.progress.step(Step.TAG_OBJECT):
            refs[f"refs/tags/{name}"] = repository.git.tag_object(name, version.commit, message)
    with repository.progress.step(Step.PUSH):
        results = repository.git.push(refs)
    refused = [result for result in results if not result.accepted]
    if refused:
        raise WorldError(
            f"The git remote refused {refused[0].ref}: {refused[0].reason}",
            untouched="Nothing was deleted.",
            remedy="Check that you may push tags, then run the command again.",
        )


def write_tombstones(store: Store, catalogue: Catalogue, versions: Sequence[Version]) -> None:
    """Write the note beside the manifest of each version, with the reason that its tag has."""
    with tempfile.TemporaryDirectory(prefix="datarelease-") as folder:
        files = {}
        for number, version in enumerate(versions):
            erased = catalogue.find(version.tag).erased
            note = {
                "format": _FORMAT,
                "tag": version.tag,
                "reason": erased.reason if erased else "",
                "date": erased.date if erased else "",
            }
            path = Path(folder) / str(number)
            path.write_text(json.dumps(note, indent=2, ensure_ascii=False) + "\n", "utf-8")
            files[metadata_key(version.tag, ERASED_FILE)] = path
        store.upload(files, lambda _: None)

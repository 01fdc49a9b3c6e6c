"""Manifest and documents put on every remote under their own SHA-256, before there is a tag.

Nothing is reserved by that: any number of releases may write, and names made of the bytes cannot
collide. Which of them becomes a version is decided by the git remote alone, which takes a tag once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from datarelease.adapters.store.directory import Store
from datarelease.documents import encode
from datarelease.errors import WorldError
from datarelease.flows.check.check import Checked
from datarelease.flows.versions.documents import sha256_hex
from datarelease.flows.workspace import Workspace
from datarelease.model.review.report import Report
from datarelease.model.versions.manifest import ManifestDocument, document_key
from datarelease.model.versions.release import Recorded, Verified

Documents = Callable[[Report], Mapping[str, bytes]]
"""Renders the files about a version that its manifest lists, by name."""
ROUNDS = 2
"""What the newest version lists as well is there already, unless it was lost: then it is sent."""


def record(
    ws: Workspace, verified: Verified, checked: Checked, report: Mapping[str, bytes]
) -> Recorded:
    """Write manifest and documents to every remote, and read them back.

    ``report`` has the files of the report, by name.

    Raises:
        WorldError: A remote failed, or gives back other bytes than it was sent.
    """
    candidate = verified.pushed.candidate
    files = _documents(ws, checked, report)
    manifest = dataclasses.replace(
        candidate.manifest,
        documents=tuple(
            ManifestDocument(name=name, size=len(data), sha256=sha256_hex(data))
            for name, data in sorted(files.items())
        ),
    )
    document = encode(manifest).encode()
    stored = {sha256_hex(data): data for data in (document, *files.values())}
    there = {d.sha256 for earlier in candidate.earlier for d in earlier.documents}
    for remote in ws.remotes:
        _store(ws, remote, stored, there)
    ws.progress.say(f"manifest: {document_key(sha256_hex(document))} and {len(files)} documents")
    return Recorded(verified=verified, manifest=manifest, document=document, documents=files)


# --- inside


def _documents(ws: Workspace, checked: Checked, report: Mapping[str, bytes]) -> dict[str, bytes]:
    """The report, and each dataset's validation and statistics."""
    files = dict(report)
    for dataset in ws.settings.datasets:
        found = checked.assessments[dataset.name]
        files[dataset.validation_file] = encode(found.validation).encode()
        if found.profile is not None:
            files[dataset.profile_file] = encode(found.profile).encode()
    return files


def _store(ws: Workspace, remote: Store, stored: Mapping[str, bytes], there: set[str]) -> None:
    pending = [sha256 for sha256 in stored if sha256 not in there]
    for _ in range(ROUNDS):
        files = {document_key(sha256): ws.objects.keep(stored[sha256]) for sha256 in pending}
        remote.upload(files, lambda _: None)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda sha256: remote.read(document_key(sha256)), stored))
        pending = [
            sha256
            for (sha256, data), back in zip(stored.items(), found, strict=True)
            if back != data
        ]
        if not pending:
            return
    raise WorldError(
        f"remote {remote.name!r} ({remote.url}) accepted {document_key(pending[0])}, but other "
        "bytes were read back.",
        untouched="No tag was made.",
        remedy="Check the remote's storage, then run the command again.",
    )

"""The record of a release: its manifest and documents, put on every remote and read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from datarelease.adapters.store.directory import Store
from datarelease.documents import encode_manifest
from datarelease.errors import WorldError
from datarelease.flows.check.check import Checked
from datarelease.flows.release.metadata import metadata_of_release
from datarelease.flows.repository import Workspace
from datarelease.flows.transfer import upload
from datarelease.flows.versions.documents import sha256_hex
from datarelease.model.versions.manifest import ManifestDocument
from datarelease.model.versions.release import Recorded, Verified
from datarelease.model.versions.remote_keys import document_key
from datarelease.model.wording import plural
from datarelease.progress import Step

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
    files = dict(report)
    for dataset in ws.settings.datasets:
        files |= checked.assessments[dataset.name].documents(dataset)
    files |= metadata_of_release(ws, candidate.manifest, checked)
    manifest = dataclasses.replace(
        candidate.manifest,
        documents=tuple(
            ManifestDocument(name=name, size=len(data), sha256=sha256_hex(data))
            for name, data in sorted(files.items())
        ),
    )
    document = encode_manifest(manifest)
    stored = {sha256_hex(data): data for data in (document, *files.values())}
    there = {d.sha256 for earlier in candidate.earlier for d in earlier.documents}
    with ws.progress.step(Step.RECORD):
        for remote in ws.remotes:
            _store(ws, remote, stored, there)
    key = document_key(sha256_hex(document))
    ws.progress.say(f"the manifest ({key}) and {plural(len(files), 'document')} were stored")
    return Recorded(verified=verified, manifest=manifest, document=document, documents=files)


def _store(ws: Workspace, remote: Store, stored: Mapping[str, bytes], there: set[str]) -> None:
    pending = [sha256 for sha256 in stored if sha256 not in there]
    for _ in range(ROUNDS):
        files = {document_key(sha256): ws.objects.keep(stored[sha256]) for sha256 in pending}
        upload(remote, files, ws.progress)
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
        f"The remote {remote.name!r} ({remote.url}) accepted {document_key(pending[0])}, but "
        "returns other bytes for it.",
        untouched="No tag was made.",
        remedy="Check the remote's storage, then run the command again.",
    )

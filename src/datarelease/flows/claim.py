"""The claim of a number: the manifest on every remote, create-only, with what lies beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from datarelease.documents import DocumentError, decode_manifest, encode
from datarelease.flows.catalogue import read_catalogue
from datarelease.flows.check import Checked
from datarelease.flows.workspace import Workspace
from datarelease.model.manifest import Manifest, manifest_key, metadata_key
from datarelease.model.release import Claimed, Verified
from datarelease.model.report import Report

Documents = Callable[[Report], Mapping[str, bytes]]
"""Renders the files about a version that lie beside its manifest, by name."""


class Taken(Exception):  # noqa: N818 - no error: the signal to plan again
    """Another release took the number in the meantime."""


def claim(ws: Workspace, verified: Verified) -> Claimed:
    """Put the manifest on every remote, create-only: who writes it first owns the number.

    A manifest of this very release, left by a run that was stopped, is taken as it is. One of
    another release without a tag keeps its number for ever; the next number is tried.

    Raises:
        Taken: Another release has the number, and its tag.
        WorldError: A remote failed.
    """
    manifest = verified.pushed.candidate.manifest
    while True:
        document = _claimed(ws, manifest)
        if document is not None:
            ws.objects.keep(document.encode())
            ws.progress.say(f"manifest: {manifest_key(manifest.tag)} is in place")
            return Claimed(verified=verified, manifest=decode_manifest(document), document=document)
        if any(v.number == manifest.number for v in read_catalogue(ws.git, ws.tags).versions):
            raise Taken
        ws.progress.say(f"manifest: {manifest.tag} belongs to a release that was never finished")
        number = manifest.number + 1
        manifest = dataclasses.replace(manifest, number=number, tag=ws.tags.format(number))


def write_documents(
    ws: Workspace, claimed: Claimed, checked: Checked, documents: Documents
) -> None:
    """Put the report and each dataset's validation and statistics beside the manifest.

    Raises:
        WorldError: A remote failed.
    """
    report = dataclasses.replace(checked.report, tag=claimed.manifest.tag)
    files = dict(documents(report))
    for dataset in ws.settings.datasets:
        found = checked.assessments[dataset.name]
        files[dataset.validation_file] = encode(found.validation).encode()
        if found.profile is not None:
            files[dataset.profile_file] = encode(found.profile).encode()
    for remote in ws.remotes:
        for name, data in files.items():
            remote.create(metadata_key(claimed.manifest.tag, name), data)
    ws.progress.say(f"documents: {len(files)} beside the manifest")


# --- inside


def _claimed(ws: Workspace, manifest: Manifest) -> str | None:
    """The manifest as every remote now holds it; None: the number belongs to another release."""
    key = manifest_key(manifest.tag)
    # What a run that was stopped left on one remote, the others get as it is.
    there = {data for remote in ws.remotes if (data := remote.read(key)) is not None}
    if len(there) > 1 or not all(_same_release(data, manifest) for data in there):
        return None
    document = next(iter(there), encode(manifest).encode())
    for number, remote in enumerate(ws.remotes):
        if remote.create(key, document):
            continue
        existing = remote.read(key)
        if existing == document:
            continue
        if number or existing is None or not _same_release(existing, manifest):
            return None
        # The same release, begun at the same moment elsewhere: its bytes go on from here.
        document = existing
    return document.decode()


def _same_release(existing: bytes, manifest: Manifest) -> bool:
    try:
        found = decode_manifest(existing)
    except DocumentError:
        return False
    names = [remote.name for remote in found.remotes]
    return (found.digest, found.commit, found.tag, names) == (
        manifest.digest,
        manifest.commit,
        manifest.tag,
        [remote.name for remote in manifest.remotes],
    )

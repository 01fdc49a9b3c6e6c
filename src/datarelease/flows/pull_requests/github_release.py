"""The GitHub Release of a version: a draft, its assets, then published. The tag is the truth.

Where releases are immutable, nothing can be added once one is published, so that a draft is only
published when every asset is there. Every step first looks whether its result already holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from datarelease.adapters.foreign_directory import read_inside
from datarelease.documents import DocumentError, decode_manifest
from datarelease.errors import ConfigError
from datarelease.model.github import Asset, GitHubRelease
from datarelease.model.versions.manifest import MANIFEST, Manifest, documents_of
from datarelease.model.versions.version import TagGrammar

ASSET_LIMIT = 256 * 1000**2
"""Bytes of one document."""
SUMS = "SHA256SUMS"
_KINDS = {".json": "application/json", ".html": "text/html", ".md": "text/markdown"}


class _Releases(Protocol):
    """What is asked of GitHub here."""

    def release(self, tag: str) -> GitHubRelease | None:
        """The release of a tag, or a draft of one, or None."""

    def latest_release(self) -> GitHubRelease | None:
        """The release that GitHub shows as the latest, or None."""

    def create_release(self, *, tag: str, name: str, body: str) -> GitHubRelease:
        """A new draft for an existing tag."""

    def update_release(self, release: int, *, name: str, body: str) -> GitHubRelease:
        """The release with another name and text."""

    def publish_release(self, release: int, *, latest: bool) -> GitHubRelease:
        """The release, no draft any more."""

    def upload_asset(self, release: GitHubRelease, name: str, data: bytes, *, kind: str) -> Asset:
        """The file that was added."""

    def delete_asset(self, asset: int) -> None:
        """Remove a file of a release."""


@dataclass(frozen=True, kw_only=True)
class ReleasePage:
    """What a release's page shows and holds."""

    manifest: Manifest
    assets: Mapping[str, bytes]


def read_documents(folder: Path) -> ReleasePage:
    """The documents of a version as `release --out` left them in ``folder``.

    Raises:
        ConfigError: There is no manifest, or a document cannot be used.
    """
    data = read_inside(folder, MANIFEST, limit=ASSET_LIMIT)
    try:
        manifest = decode_manifest(data or b"")
    except DocumentError as error:
        raise ConfigError(
            f"{folder / MANIFEST} cannot be used: {'it is missing' if data is None else error}",
            untouched="Nothing was announced.",
            remedy="Run the release again: it writes the documents again.",
        ) from error
    assets = {MANIFEST: data or b""}
    for name, listed in documents_of(manifest).items():
        found = read_inside(folder, name, limit=ASSET_LIMIT)
        if found is not None and listed and hashlib.sha256(found).hexdigest() != listed.sha256:
            raise ConfigError(
                f"{folder / name} is not the document that the manifest lists.",
                untouched="Nothing was announced.",
                remedy="Run the release again: it writes the documents again.",
            )
        if found is not None:
            # An asset has no folders: reports/customers/profile.json is customers-profile.json.
            assets["-".join(part for part in Path(name).parts if part != "reports")] = found
    sums = (
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(assets.items())
    )
    return ReleasePage(manifest=manifest, assets={**assets, SUMS: "".join(sums).encode()})


def publish_page(
    forge: _Releases, documents: ReleasePage, *, name: str, body: str
) -> GitHubRelease:
    """The published release of a version, with every document as an asset.

    Raises:
        WorldError: GitHub failed; running it again goes on from there.
    """
    manifest = documents.manifest
    page = forge.release(manifest.tag)
    if page is None:
        page = forge.create_release(tag=manifest.tag, name=name, body=body)
    elif page.draft:
        page = forge.update_release(page.id, name=name, body=body)
    for asset in page.assets:
        # What broke off keeps its name; a draft may also hold what another run meant to publish.
        if asset.name in documents.assets and not _whole(asset, documents.assets[asset.name]):
            forge.delete_asset(asset.id)
    there = {a.name for a in page.assets if _whole(a, documents.assets.get(a.name, b""))}
    for asset_name, data in documents.assets.items():
        if asset_name not in there:
            kind = _KINDS.get(Path(asset_name).suffix, "text/plain")
            forge.upload_asset(page, asset_name, data, kind=kind)
    if not page.draft:
        return page
    return forge.publish_release(page.id, latest=_is_latest(forge, manifest))


def _whole(asset: Asset, data: bytes) -> bool:
    if not asset.complete or asset.size != len(data):
        return False
    return asset.digest in {None, f"sha256:{hashlib.sha256(data).hexdigest()}"}


def _is_latest(forge: _Releases, manifest: Manifest) -> bool:
    """No newer version has a page yet."""
    latest = forge.latest_release()
    if latest is None:
        return True
    tags = TagGrammar(manifest.tag.removesuffix(str(manifest.number)))
    return (tags.parse(latest.tag) or 0) <= manifest.number

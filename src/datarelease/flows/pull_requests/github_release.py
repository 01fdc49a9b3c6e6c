"""The GitHub Release of a version: a draft, its assets, then published. The tag is the truth.

Where releases are immutable, nothing can be added once one is published, so that a draft is only
published when every asset is there. Every step first looks whether its result already holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from datarelease.adapters.untrusted import read_inside
from datarelease.documents import DocumentError, decode_manifest
from datarelease.errors import ConfigError
from datarelease.model.github import Asset, GitHubRelease
from datarelease.model.versions.manifest import Manifest, documents_of
from datarelease.model.versions.remote_keys import MANIFEST
from datarelease.model.versions.version import TagGrammar
from datarelease.progress import Progress, Step

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

ASSET_LIMIT = 256 * 1000**2
"""Bytes of one document."""
SUMS = "SHA256SUMS"
"""The hashes of the assets; those of the data, a document of that name, have another one here."""
_DATA_SUMS = "data-SHA256SUMS"
_KINDS = {".json": "application/json", ".html": "text/html", ".md": "text/markdown"}


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
    data = read_inside(folder, MANIFEST, limit=ASSET_LIMIT, refuse=refuse_record) or b""
    try:
        manifest = decode_manifest(data)
    except DocumentError as error:
        refuse_record(f"{MANIFEST}: {error if data else 'it is missing'}")
    assets = {MANIFEST: data}
    for name, listed in documents_of(manifest).items():
        sha256 = listed.sha256 if listed else None
        found = read_inside(folder, name, limit=ASSET_LIMIT, refuse=refuse_record, sha256=sha256)
        if found is not None:
            # An asset has no folders: reports/customers/profile.json is customers-profile.json.
            asset = "-".join(part for part in Path(name).parts if part != "reports")
            assets[_DATA_SUMS if asset == SUMS else asset] = found
    sums = (
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(assets.items())
    )
    return ReleasePage(manifest=manifest, assets={**assets, SUMS: "".join(sums).encode()})


def refuse_record(why: str) -> NoReturn:
    """Raise the ConfigError for a record that cannot be used."""
    raise ConfigError(
        f"The record of the release cannot be used: {why}.",
        untouched="Nothing was announced.",
        remedy="Run the release again, with the same version of datarelease in all jobs: it writes "
        "the documents again.",
    )


def publish_page(
    github: GitHub, documents: ReleasePage, progress: Progress, *, body: str
) -> GitHubRelease:
    """The published release of a version, with every document as an asset.

    Raises:
        WorldError: GitHub failed; running it again goes on from there.
    """
    manifest, name = documents.manifest, documents.manifest.tag
    page = github.release(manifest.tag)
    with progress.step(Step.DRAFT):
        if page is None:
            page = github.create_release(tag=manifest.tag, name=name, body=body)
        elif page.draft:
            page = github.update_release(page.id, name=name, body=body)
    for asset in page.assets:
        # What broke off keeps its name; a draft may also hold what another run meant to publish.
        if asset.name in documents.assets and not _whole(asset, documents.assets[asset.name]):
            github.delete_asset(asset.id)
    there = {a.name for a in page.assets if _whole(a, documents.assets.get(a.name, b""))}
    for asset_name, data in documents.assets.items():
        if asset_name not in there:
            kind = _KINDS.get(Path(asset_name).suffix, "text/plain")
            with progress.step(Step.ASSET):
                github.upload_asset(page, asset_name, data, kind=kind)
    if not page.draft:
        return page
    with progress.step(Step.PUBLISH):
        return github.publish_release(page.id, latest=_is_latest(github, manifest))


def _whole(asset: Asset, data: bytes) -> bool:
    if not asset.complete or asset.size != len(data):
        return False
    return asset.digest in {None, f"sha256:{hashlib.sha256(data).hexdigest()}"}


def _is_latest(github: GitHub, manifest: Manifest) -> bool:
    """No newer version has a page yet."""
    latest = github.latest_release()
    if latest is None:
        return True
    tags = TagGrammar(manifest.tag.removesuffix(str(manifest.number)))
    return (tags.parse(latest.tag) or 0) <= manifest.number

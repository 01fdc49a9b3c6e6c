"""Documents for machines beside the pages: of each version what its tag vouches for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datarelease.documents import encode
from datarelease.flows.catalogue import Catalogue
from datarelease.model.site_names import file_name
from datarelease.model.versions.index import index_of
from datarelease.model.versions.manifest import MANIFEST
from datarelease.render.markdown.changelog import noted_changelog
from datarelease.site.content.read import ReleasedVersion
from datarelease.site.views import VersionView

MOST_COPIED = 1_000_000
"""Bytes of a document that the site has a copy of; larger ones stay on the remotes."""


def documents_of_page(released: ReleasedVersion) -> Iterator[tuple[str, str, bytes]]:
    """Name, path and content of the documents of a version that the site has."""
    data = released.manifest
    if data is not None and len(data) <= MOST_COPIED:
        yield MANIFEST, f"versions/{file_name(released.version.tag)}/{MANIFEST}", data


def history_text(views: Sequence[VersionView]) -> bytes:
    """CHANGELOG.md: what became of each version and what changed in it, newest first."""
    noted = ((view.version, (*view.fate, *view.news)) for view in reversed(views))
    return noted_changelog(noted).encode()


def machine_documents(
    catalogue: Catalogue, versions: Iterable[ReleasedVersion]
) -> Iterator[tuple[str, bytes]]:
    """Path and content of the index, as remotes have it, and of the documents of all versions."""
    index = index_of(catalogue.grammar.prefix, catalogue.versions)
    yield "index.json", encode(index).encode()
    for released in versions:
        for _, path, data in documents_of_page(released):
            yield path, data

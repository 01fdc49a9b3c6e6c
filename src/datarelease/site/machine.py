"""Documents for machines beside the pages: of each version what its tag vouches for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datarelease.documents import encode
from datarelease.flows.catalogue import Catalogue
from datarelease.model.site_names import file_name
from datarelease.model.versions.index import index_of
from datarelease.model.versions.remote_keys import MANIFEST
from datarelease.render.markdown.changelog import noted_changelog
from datarelease.schemas import SCHEMA_NAMES, schema_text
from datarelease.site.content.read import MOST_COPIED, ReleasedVersion
from datarelease.site.views import VersionView


def documents_of_page(released: ReleasedVersion) -> Iterator[tuple[str, str, bytes]]:
    """Name, path and content of the documents of a version that the site has."""
    folder = f"versions/{file_name(released.version.tag)}"
    manifest = released.manifest
    if manifest is not None and len(manifest) <= MOST_COPIED:
        yield MANIFEST, f"{folder}/{MANIFEST}", manifest
    for name, data in released.metadata:
        yield name, f"{folder}/{name}", data


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
    for name in SCHEMA_NAMES:
        yield f"schemas/{name}.schema.json", schema_text(name).encode()
    for released in versions:
        for _, path, data in documents_of_page(released):
            yield path, data

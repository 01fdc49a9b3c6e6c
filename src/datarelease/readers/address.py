"""The versions at an address: the index of the remote, the manifests, and the objects' bytes.

The index says which manifest a version has, by its SHA-256, and the manifest does so for each file.
What vouches for the index itself is the remote: whoever may write there may change it. Those who
want the tag's word read through the git repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.object_cache import ObjectCache
from datarelease.adapters.store.address import ObjectSource
from datarelease.adapters.store.directory import sha256_of
from datarelease.adapters.store.workers import each
from datarelease.documents import DocumentError, decode_index, decode_manifest
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import warned_of
from datarelease.flows.versions.documents import read_by_hash, sha256_hex
from datarelease.model.versions.index import index_key, versions_of
from datarelease.model.versions.manifest import Manifest, ManifestFile, is_about, trailers_of
from datarelease.model.versions.remote_keys import DIRECTORY, manifest_key, versions_directory
from datarelease.model.versions.version import DEFAULT_PREFIX, TagGrammar, Version
from datarelease.progress import Advance, Progress

INDEX_LIMIT = 64 << 20
MANIFEST_LIMIT = 1 << 30
"""Bytes of one: a million files."""
_FETCHERS = 8
_TAG = re.compile(r"(.*?)[1-9][0-9]*", re.ASCII)
_NO_TAG = {"", "v"}


@dataclass(frozen=True, kw_only=True)
class AddressReader:
    """The released versions of one project at an address."""

    source: ObjectSource
    cache: ObjectCache
    progress: Progress
    prefix: str | None = None
    """Of its tags; None: as the versions that are asked for say, or the usual one."""

    def grammar(self, text: str) -> TagGrammar:
        """How its versions are spelled, where ``text`` names one: a whole tag has the prefix."""
        told = _TAG.fullmatch(text)
        named = told[1] if told and told[1] not in _NO_TAG else DEFAULT_PREFIX
        return TagGrammar(self.prefix or named)


def read_versions(reader: AddressReader, text: str = "latest") -> Catalogue:
    """The versions at an address, by its index; ``text`` names the one that is wanted.

    Where there is no index, the folders of the versions say which there are, if they can be listed.

    Raises:
        WorldError: It cannot be read, or is refused, or there is neither.
    """
    grammar = reader.grammar(text)
    key = index_key(grammar.prefix)
    data = reader.source.read(key, INDEX_LIMIT)
    if data is None:
        return _listed(reader, grammar)
    try:
        index = decode_index(data)
    except DocumentError as error:
        raise _refused(reader, key, error) from error
    if index.tag_prefix != grammar.prefix:
        fault = f"it is about the tags {index.tag_prefix}N"
        raise _refused(reader, key, DocumentError(fault))
    return Catalogue(versions=versions_of(index), grammar=grammar, channels=index.channels)


def find_at(reader: AddressReader, text: str) -> Version:
    """The version that ``text`` names; where it was withdrawn, the reader is warned.

    Raises:
        ConfigError: There is no such version.
        WorldError: As `read_versions`.
    """
    catalogue = read_versions(reader, text)
    return _unlisted(reader, catalogue, text) or warned_of(reader.progress, catalogue, text)


def manifest_at(reader: AddressReader, version: Version) -> Manifest:
    """The manifest of a version, which has the SHA-256 that the index says.

    Raises:
        WorldError: It is missing, has other bytes, or is refused.
    """
    key, data = document_at(
        reader,
        version,
        f"The manifest of {version.tag}",
        (version.manifest_sha256 or "", manifest_key(version.tag)),
        MANIFEST_LIMIT,
        untouched="Nothing was read or written.",
    )
    manifest = _decoded(reader, key, data)
    if not is_about(manifest, version):
        raise _refused(reader, key, DocumentError(f"it does not describe {version.tag}"))
    return manifest


def document_at(
    reader: AddressReader,
    version: Version,
    what: str,
    wanted: tuple[str, str],
    limit: int,
    *,
    untouched: str,
) -> tuple[str, bytes]:
    """The key and the bytes of a document of a version.

    Args:
        reader: Reads the address.
        version: The version that has the document.
        what: Names the document in messages.
        wanted: Its SHA-256, and the key of its readable copy.
        limit: The most bytes that it may have.
        untouched: Says in messages what was left as it is.

    Raises:
        WorldError: It is missing or has other bytes.
    """
    wrong: list[str] = []
    found = read_by_hash(lambda key: reader.source.read(key, limit), *wanted, wrong.append)
    if found is not None:
        return found
    fault = f"does not match its SHA-256 ({wrong[-1]})" if wrong else "is missing"
    raise WorldError(
        f"{what} at {reader.source.url} {fault}.",
        untouched=untouched,
        remedy=f"`datarelease verify {version.tag} --repair` in a clone of the git repository "
        "writes it again.",
    )


def fetch_at(reader: AddressReader, files: Sequence[ManifestFile], label: str) -> list[Path]:
    """Where files are on this machine, fetched into the cache if need be; hashes are checked.

    Those of a directory stay where they are.

    Raises:
        WorldError: One is missing, has other bytes, or cannot be fetched or kept.
    """
    total = sum(file.size for file in files)
    here = reader.source.folder is not None or all(
        reader.cache.find(file.sha256, file.size) for file in files
    )
    with reader.progress.track(label, total, "bytes") as advance:
        found = each(lambda file: _fetch(reader, file, advance), files, _FETCHERS)
    if not here:
        reader.cache.trim()
    return found


# --- inside


def _fetch(reader: AddressReader, file: ManifestFile, advance: Advance) -> Path:
    if reader.source.folder is not None:
        place = reader.source.folder / file.key
        if place.is_file() and place.stat().st_size == file.size:
            advance(file.size)
            if sha256_of(place) == file.sha256:
                return place
        raise _wrong(reader, file, missing=not place.is_file())
    kept = reader.cache.find(file.sha256, file.size)
    if kept is not None:
        advance(file.size)
        return kept
    missing = False

    def chunks(start: int) -> Iterator[bytes]:
        nonlocal missing
        try:
            yield from reader.source.chunks(file.key, start)
        except FileNotFoundError:
            missing = True

    fetched = reader.cache.fetch(file.sha256, file.size, chunks, advance)
    if fetched is None:
        raise _wrong(reader, file, missing=missing)
    return fetched


def _wrong(reader: AddressReader, file: ManifestFile, *, missing: bool) -> WorldError:
    what = "is missing" if missing else "does not match the hash in the manifest"
    return WorldError(
        f"The object {file.key} ({file.path}) {what} at {reader.source.url}.",
        untouched="It was not kept, and nothing was written.",
        remedy="Tell the administrator of the remote: `datarelease verify` in a clone of the git "
        "repository checks all objects, and with --repair it sends them again.",
    )


def _decoded(reader: AddressReader, key: str, data: bytes) -> Manifest:
    try:
        return decode_manifest(data)
    except DocumentError as error:
        raise _refused(reader, key, error) from error


def _refused(reader: AddressReader, key: str, error: DocumentError) -> WorldError:
    said = "".join(char if char.isprintable() else "\ufffd" for char in str(error))
    return WorldError(
        f"{key} at {reader.source.url} is refused: {said}.",
        untouched="Nothing was written.",
        remedy="Update datarelease; if that does not help, tell the administrator of the remote: "
        "`datarelease verify latest --repair` in a clone of the git repository writes it again.",
    )


def _listed(reader: AddressReader, grammar: TagGrammar) -> Catalogue:
    """The versions whose folders are at an address that has no index."""
    folder, above = versions_directory(grammar.prefix)
    names = reader.source.folders(folder)
    remedy = (
        "`datarelease verify latest --repair` in a clone of the git repository writes it, and so "
        "does the next release."
    )
    if names is None:
        raise WorldError(
            f"{reader.source.url} has no index of versions ({index_key(grammar.prefix)}).",
            untouched="Nothing was read or written.",
            remedy=f"Check the address: it is that of the DVC remote. If it is right: {remedy}",
        )
    tags = [f"{above}{name}" for name in names if grammar.parse(f"{above}{name}") is not None]
    if not tags:
        raise ConfigError(
            f"There is no version at {reader.source.url}: it has neither "
            f"{index_key(grammar.prefix)} nor a folder {DIRECTORY}/{grammar.format(1)}.",
            remedy="Name the address of the DVC remote, where `files` and `releases` are. Where "
            "tags have another prefix, name a whole tag, or add #tag_prefix=PREFIX to the address.",
        )
    reader.progress.warn(
        f"{reader.source.url} has no index of versions: they are those of its folders, and which "
        f"of them were withdrawn is not known. {remedy}"
    )
    found = each(lambda tag: _from_folder(reader, tag), tags, _FETCHERS)
    versions = sorted((v for v in found if v is not None), key=lambda version: version.number)
    return Catalogue(versions=tuple(versions), grammar=grammar)


def _unlisted(reader: AddressReader, catalogue: Catalogue, text: str) -> Version | None:
    """A version that was named by its number, that the index lacks, and whose folder is there.

    Raises:
        ConfigError: The folder is not there, and the index lists newer versions.
    """
    try:
        number = catalogue.grammar.read(text)
    except ConfigError:
        return None
    if number is None or any(version.number == number for version in catalogue.versions):
        return None
    found = _from_folder(reader, catalogue.grammar.format(number))
    if found is not None:
        reader.progress.warn(
            f"The index of versions at {reader.source.url} does not list {found.tag}, whose "
            "manifest is there: whether it was withdrawn is not known."
        )
    elif any(version.number > number for version in catalogue.versions):
        raise ConfigError(
            f"{catalogue.grammar.format(number)} is not at {reader.source.url}; newer ones are.",
            remedy="Read it from the repository, which asks all remotes, or from the address of a "
            "remote that it was released to.",
        )
    return found


def _from_folder(reader: AddressReader, tag: str) -> Version | None:
    """A version as the copy of its manifest tells it; None: there is none."""
    data = reader.source.read(manifest_key(tag), MANIFEST_LIMIT)
    if data is None:
        return None
    manifest = _decoded(reader, manifest_key(tag), data)
    told = trailers_of(manifest) | {
        "Manifest-Sha256": sha256_hex(data),
        "Rows": _counts((dataset.name, dataset.rows) for dataset in manifest.datasets),
    }
    version = Version(
        number=manifest.number,
        tag=manifest.tag,
        commit=manifest.commit,
        digest=manifest.digest,
        date=manifest.date,
        trailers=tuple((name, value) for name, value in told.items() if value),
    )
    return version if manifest.tag == tag else None


def _counts(counts: Iterable[tuple[str, int | None]]) -> str:
    return " ".join(f"{name}={count}" for name, count in counts if count is not None)

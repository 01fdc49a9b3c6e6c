"""A remote as releases leave it, made in an instant: objects, manifests and the index, no git."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datarelease.documents import encode, encode_manifest
from datarelease.model.data.dataset import CsvDialect
from datarelease.model.review.diff import Compatibility
from datarelease.model.versions.channel import Channel
from datarelease.model.versions.index import index_key, index_of
from datarelease.model.versions.manifest import (
    Manifest,
    ManifestDataset,
    ManifestFile,
    ManifestRemote,
    trailers_of,
)
from datarelease.model.versions.remote_keys import document_key, manifest_key, object_key
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry, Snapshot
from datarelease.model.versions.version import Erasure, TagGrammar, Version, Yank

Files = Mapping[str, bytes]
COMMIT = "c" * 40


@dataclass
class Published:
    """A directory as remote; what is released to it is in its index at once."""

    root: Path
    prefix: str = "data-v"
    versions: list[Version] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)

    def put(self, key: str, data: bytes) -> Path:
        """An object, written."""
        place = self.root / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return place

    def release(
        self,
        datasets: Mapping[str, Files],
        *,
        rows: Mapping[str, int] | None = None,
        types: Mapping[str, str] | None = None,
        csv: CsvDialect | None = None,
        yank: Yank | None = None,
        erased: Erasure | None = None,
    ) -> Version:
        """The next version, with these datasets (their files by path); rows are those of tables."""
        counted = dict.fromkeys(datasets, 0) if rows is None else rows
        made = [
            self._dataset(name, files, counted.get(name), types or {}, csv)
            for name, files in datasets.items()
        ]
        snapshot = Snapshot(
            datasets=tuple(DatasetSnapshot(name=one.name, entries=one.entries) for one in made)
        )
        number = len(self.versions) + 1
        tag = TagGrammar(self.prefix).format(number)
        manifest = Manifest(
            tag=tag, number=number, digest=snapshot.digest, datasets=tuple(made),
            remotes=(ManifestRemote(name="storage", url=str(self.root)),), commit=COMMIT,
            date="2026-11-28T10:00:00+00:00", baseline=None, rollback_of=None,
            compatibility=Compatibility.PATCH, verdict="pass", params_sha256="0" * 64,
            reviewed=None, tools=(),
        )  # fmt: skip
        data = encode_manifest(manifest)
        sha256 = hashlib.sha256(data).hexdigest()
        self.put(document_key(sha256), data)
        self.put(manifest_key(tag), data)
        told = trailers_of(manifest) | {
            "Manifest-Sha256": sha256,
            "Rows": " ".join(f"{name}={count}" for name, count in counted.items()),
        }
        version = Version(
            number=number, tag=tag, commit=COMMIT, digest=manifest.digest, date=manifest.date,
            trailers=tuple((k, v) for k, v in told.items() if v), yank=yank, erased=erased,
        )  # fmt: skip
        self.versions.append(version)
        self.index()
        return version

    def index(self) -> Path:
        """The index, written anew."""
        index = index_of(self.prefix, self.versions, self.channels)
        return self.put(index_key(self.prefix), encode(index).encode())

    def object(self, data: bytes) -> Path:
        """Where an object with these bytes is."""
        return self.root / object_key(hashlib.md5(data, usedforsecurity=False).hexdigest())

    def _dataset(
        self,
        name: str,
        files: Files,
        rows: int | None,
        types: Mapping[str, str],
        csv: CsvDialect | None,
    ) -> ManifestDataset:
        listed = []
        for path, data in sorted(files.items()):
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
            self.put(object_key(md5), data)
            sha256 = hashlib.sha256(data).hexdigest()
            listed.append(
                ManifestFile(path=path, size=len(data), md5=md5, sha256=sha256, key=object_key(md5))
            )
        return ManifestDataset(
            name=name, path=f"data/{name}",
            entries=tuple(Entry(path=file.path, md5=file.md5) for file in listed),
            files=tuple(listed), rows=rows, schema=None, schema_sha256=None,
            csv=csv, types=tuple(types.items()),
        )  # fmt: skip

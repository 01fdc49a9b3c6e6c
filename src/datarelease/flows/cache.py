"""DVC's objects: in the cache of this machine, on the remotes, in the work tree."""

from __future__ import annotations

import hashlib
import os
import posixpath
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from datarelease.adapters.dvc.listing import explained_listing, read_tree, refuse_names
from datarelease.adapters.store.directory import ObjectInfo, Store, md5_of, replacing
from datarelease.adapters.store.several import locate
from datarelease.adapters.store.workers import each
from datarelease.errors import WorldError
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import TREE, WHOLE, DataFile, Entry
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Advance, Progress, Step

_CHUNK = 1 << 20
_LARGE, _LARGE_CHUNK = 16 << 20, 4 << 20
"""Bytes from which on the two hashes of one object are computed at the same time; of a chunk."""
_READERS = 4
_FETCHERS = 8


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Objects by their hash, found wherever they are.

    Methods raise WorldError where an object is damaged, or is wanted and nowhere to be had.
    """

    cache: Path
    remotes: tuple[Store, ...]
    """Asked in this order for what the cache lacks."""
    progress: Progress
    bound: Callable[[], Sequence[Store]] = tuple
    """Remotes that hold the outputs bound to them; asked for what all others lack."""
    proven: set[str] = field(default_factory=set, repr=False)
    """Hashes of objects in the cache whose bytes were found to have them, by this process."""

    def path(self, md5: str) -> Path:
        """Where the cache has (or would have) the object."""
        return object_in(self.cache, md5)

    def has(self, md5: str) -> bool:
        """The cache has the object."""
        return self._size(md5) is not None

    def _size(self, md5: str) -> int | None:
        """Bytes of the object in the cache; None: it is not there."""
        with suppress(FileNotFoundError, NotADirectoryError):
            at = os.stat(f"{self.cache}/{md5[:2]}/{md5[2:]}")  # noqa: PTH116 - asked of each object
            return at.st_size if stat.S_ISREG(at.st_mode) else None
        return None

    def tree(self, md5: str) -> tuple[DataFile, ...]:
        """The files that a directory's object lists, fetched where the cache lacks it.

        Raises:
            WorldError: It is neither in the cache nor on a remote, or it is damaged.
        """
        self.ensure([md5])
        listing = self.path(md5).read_bytes()
        if hashlib.md5(listing, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
            raise self.damaged(md5)
        with explained_listing(md5):
            return read_tree(listing)

    def data_files(self, md5: str) -> tuple[DataFile, ...]:
        """The same of a dataset, whose readers write these files."""
        files = self.tree(md5)
        with explained_listing(md5):
            refuse_names(files)
        return files

    def sha256(self, md5: str) -> str:
        """The SHA-256 (hex) of an object in the cache, whose MD5 is checked on the way.

        Raises:
            WorldError: The cache has other bytes under that name.
        """
        own, wanted = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        with self.progress.step(Step.HASH), self.path(md5).open("rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size >= _LARGE:
                with ThreadPoolExecutor(1) as beside:
                    while chunk := stream.read(_LARGE_CHUNK):
                        done = beside.submit(wanted.update, chunk)
                        own.update(chunk)
                        done.result()
            else:
                while chunk := stream.read(_CHUNK):
                    own.update(chunk)
                    wanted.update(chunk)
        if own.hexdigest() != md5.removesuffix(".dir"):
            raise self.damaged(md5)
        self.proven.add(md5)
        return wanted.hexdigest()

    def sha256_of_all(self, hashes: Sequence[str], advance: Advance) -> dict[str, str]:
        """The same of many objects, by their hashes."""

        def read(md5: str) -> str:
            found = self.sha256(md5)
            advance(1)
            return found

        return dict(zip(hashes, each(read, hashes, _READERS), strict=True))

    def prove_all(self, hashes: Sequence[str], advance: Advance) -> None:
        """Read objects of the cache through, unless that was done, before others rely on them."""

        def prove(md5: str) -> None:
            if md5 not in self.proven:
                if md5_of(self.path(md5)) != md5.removesuffix(TREE):
                    raise self.damaged(md5)
                self.proven.add(md5)
            advance(1)

        each(prove, hashes, _READERS)

    def keep(self, document: bytes) -> Path:
        """A copy of a manifest or of a document that one lists, on this machine."""
        place = self._kept(hashlib.sha256(document).hexdigest())
        if not place.is_file():
            with replacing(place) as scratch:
                scratch.write_bytes(document)
        return place

    def kept(self, sha256: str) -> bytes | None:
        """The copy of the document with this SHA-256, if there is one and it is sound."""
        # Manifests had a folder of their own before documents were kept, too.
        for place in (self._kept(sha256), self.cache.with_name("manifests") / f"{sha256}.json"):
            data = place.read_bytes() if place.is_file() else b""
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
        return None

    def _kept(self, sha256: str) -> Path:
        return self.cache.with_name("documents") / sha256

    def damaged(self, md5: str) -> WorldError:
        """The error for an object that has other bytes in the cache than its name says."""
        path = self.path(md5)
        return WorldError(
            f"An object in DVC's cache is damaged: {path} does not have the MD5 in its name.",
            untouched="It was sent to no remote, and nothing was released.",
            remedy="Delete that file, restore the data (`dvc pull`, or `dvc repro --force`), "
            "then run the command again.",
        )

    def files(self, entry: Entry) -> tuple[DataFile, ...]:
        """The files of an entry, paths inside the dataset."""
        if not entry.is_tree:
            return (DataFile(path=entry.path, md5=entry.md5),)
        base = "" if entry.path == WHOLE else entry.path
        return tuple(
            DataFile(path=posixpath.join(base, file.path), md5=file.md5)
            for file in self.data_files(entry.md5)
        )

    def expanded(self, hashes: Iterable[str]) -> tuple[str, ...]:
        """The same hashes and, of listings that the cache has, those of the files, sorted."""
        found = set(hashes)
        for md5 in tuple(found):
            if md5.endswith(TREE) and self.has(md5):
                found |= {file.md5 for file in self.tree(md5)}
        return tuple(sorted(found))

    def ensure(self, hashes: Iterable[str]) -> None:
        """Bring objects into the cache, from the first remote that has them, hashes checked.

        Raises:
            WorldError: Some are on no remote, or a remote holds other bytes under their names.
        """
        missing = sorted({md5 for md5 in hashes if not self.has(md5)})
        if not missing:
            return
        sources = {md5: remote for md5, (remote, _) in self._found(missing).items()}
        absent = [md5 for md5 in missing if md5 not in sources]
        if absent:
            names = ", ".join(remote.name for remote in self.remotes) or "no remote is configured"
            shown = ", ".join(object_key(md5) for md5 in absent[:5])
            raise WorldError(
                f"{plural(len(absent), 'object')} {agreeing(len(absent), 'is', 'are')} neither in "
                f"DVC's cache nor on a remote ({names}): "
                f"{shown}{', …' if len(absent) > 5 else ''}",  # noqa: PLR2004 - a line's worth
                untouched="Nothing was released.",
                remedy=(
                    "Push them from a clone that has them (`dvc push`), then run the command again."
                ),
            )
        self._fetch_all(sources)

    def bring(self, hashes: Iterable[str], *, limit: int | None = None) -> bool:
        """Bring those objects into the cache that a remote has and gives; others stay away.

        Where these are more than ``limit`` bytes, nothing is fetched, and this is False.

        Raises:
            WorldError: A remote holds other bytes under their names.
        """
        keys = {object_key(md5): md5 for md5 in hashes if not self.has(md5)}
        # The caller that needs an object reports the remote that does not answer.
        there, _ = locate(self._asked(), sorted(keys))
        if limit is not None and sum(info.size for _, info in there.values()) > limit:
            return False
        self._fetch_all({keys[key]: remote for key, (remote, _) in there.items()})
        return True

    def adopt(self, files: Sequence[DataFile], folder: Path) -> None:
        """Take files that only the work tree has into the cache, where their hashes are right."""
        for file in files:
            source = folder / file.path
            if not self.has(file.md5) and source.is_file() and md5_of(source) == file.md5:
                with replacing(self.path(file.md5)) as scratch:
                    shutil.copyfile(source, scratch)

    def local_sizes(self, hashes: Iterable[str]) -> dict[str, int]:
        """Bytes of those objects that the cache has."""
        return {md5: size for md5 in hashes if (size := self._size(md5)) is not None}

    def sizes(self, hashes: Iterable[str]) -> dict[str, int]:
        """Bytes of those objects that the cache or a remote has."""
        wanted = sorted(set(hashes))
        sizes = self.local_sizes(wanted)
        away = [md5 for md5 in wanted if md5 not in sizes]
        return sizes | {md5: info.size for md5, (_, info) in self._found(away).items()}

    def _fetch_all(self, sources: Mapping[str, Store]) -> None:
        if not sources:
            return

        def fetch(md5: str) -> None:
            self._fetch(md5, sources[md5])
            advance(1)

        with self.progress.track("Fetching", len(sources), "objects") as advance:
            each(fetch, sorted(sources), _FETCHERS)

    def _found(self, missing: Sequence[str]) -> dict[str, tuple[Store, ObjectInfo]]:
        keys = {object_key(md5): md5 for md5 in missing}
        found, problem = locate(self._asked(), list(keys))
        if problem is not None:
            raise problem
        return {keys[key]: held for key, held in found.items()}

    def _asked(self) -> Iterator[Store]:
        yield from self.remotes
        yield from self.bound()

    def _fetch(self, md5: str, remote: Store) -> None:
        target = self.path(md5)
        with replacing(target) as scratch:
            found = remote.download(object_key(md5), scratch)
            if found != md5.removesuffix(".dir"):
                raise WorldError(
                    f"The remote {remote.name!r} ({remote.url}) holds other bytes under "
                    f"{object_key(md5)}: their MD5 is {found}.",
                    untouched="The damaged object was not kept.",
                    remedy="Run `datarelease release` in a clone whose DVC cache has the data: it "
                    "uploads damaged objects again.",
                )
        target.chmod(0o444)
        self.proven.add(md5)


def object_in(cache: Path, md5: str) -> Path:
    """Where a cache has (or would have) an object."""
    return Path(f"{cache}/{md5[:2]}/{md5[2:]}")  # asked of each object

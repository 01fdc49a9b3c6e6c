"""What has to stay on the remotes: all that versions, branches, tags and pull requests name.

Whatever looks like one of DVC's hashes in a file of DVC counts: more may be kept than is needed,
and nothing is missed because a file could not be understood.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from datarelease.adapters.dvc.listing import explained_listing, read_tree
from datarelease.adapters.git.repository import Git
from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.several import first
from datarelease.adapters.store.upkeep import Upkeep
from datarelease.adapters.store.workers import each
from datarelease.errors import WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository, catalogue_of
from datarelease.flows.versions.documents import read_manifest
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.retention import Needed
from datarelease.model.versions.snapshot import TREE

_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?:\.dir)?(?![0-9a-f])")
_READERS = 8


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What is asked for whatever holds data."""

    repository: Repository
    whole: Git
    """The whole repository, from its top: it may hold several projects."""
    pulls: Callable[[], Sequence[int]]
    """The numbers of the open pull requests; none where there is no GitHub."""
    stores: tuple[Store, ...]
    """Every remote whose objects are looked after, each place once."""
    covered: frozenset[str]
    """All names of these places: two remotes may lead to one."""
    deleting: Callable[[str], Upkeep]
    """Opens a remote by its name with credentials that may delete."""
    _blobs: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    def catalogue(self) -> Catalogue:
        """The versions on the git remote now."""
        return catalogue_of(self.repository)

    def manifests(self, catalogue: Catalogue) -> Iterator[Manifest]:
        """The manifest of every version whose data was not erased.

        Raises:
            WorldError: One cannot be read.
        """
        for version in catalogue.versions:
            if version.erased is None:
                yield read_manifest(self.repository, version)

    def needed(self, catalogue: Catalogue) -> Needed:
        """What has to stay, whatever remote it is on.

        Raises:
            WorldError: A branch, a manifest or a listing cannot be read.
        """
        objects: set[str] = set()
        documents = {version.manifest_sha256 or "" for version in catalogue.versions}
        for manifest in self.manifests(catalogue):
            objects |= manifest.objects.keys()
            documents |= {document.sha256 for document in manifest.documents}
        listed = {md5 for md5 in objects if md5.endswith(TREE)}
        holders = []
        for name, hashes in self.refs(catalogue):
            holders.append(name)
            objects |= hashes
        files, lost = self.expand(sorted({m for m in objects if m.endswith(TREE)} - listed))
        objects |= files
        return Needed(
            objects=frozenset(objects),
            documents=frozenset(documents),
            holders=tuple(holders),
            unread=tuple(sorted(map(object_key, lost))),
        )

    def refs(
        self, catalogue: Catalogue, leaving: Collection[str] = ()
    ) -> Iterator[tuple[str, frozenset[str]]]:
        """Every branch, tag and open pull request, and the work tree, each with its hashes.

        The tags of an erased version hold nothing, nor do other tags on its commit: of channels.
        ``leaving`` are the commits of versions that will be erased.
        """
        erased = {version.commit for version in catalogue.versions if version.erased}
        erased |= set(leaving)
        refs = self.whole.every_ref(self.pulls())
        for name, sha in refs.items():
            commit = self.whole.resolve(sha)
            if commit is not None and not (name.startswith("the tag ") and commit in erased):
                yield name, self._at(commit)
        yield "the work tree", self._here()

    def expand(self, trees: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
        """The files that listings of directories name, and the listings that are nowhere.

        Raises:
            WorldError: A remote does not answer, or has other bytes than a listing's name says.
        """
        found = dict(zip(trees, each(self._listing, list(trees), _READERS), strict=True))
        files = {md5 for listed in found.values() if listed is not None for md5 in listed}
        return frozenset(files), frozenset(md5 for md5, listed in found.items() if listed is None)

    def _listing(self, md5: str) -> frozenset[str] | None:
        cached = self.repository.objects.path(md5)
        data = cached.read_bytes() if cached.is_file() else None
        if data is None or not _is(data, md5):
            data = first(self.stores, lambda store: store.read(object_key(md5)))
        if data is None:
            return None
        if not _is(data, md5):
            raise WorldError(
                f"The listing of a tracked directory ({object_key(md5)}) is damaged.",
                untouched="Nothing was deleted.",
                remedy="Repair it in a clone whose DVC cache has the data: run `datarelease verify "
                "VERSION --repair`, or `dvc push`.",
            )
        with explained_listing(md5):
            return frozenset(file.md5 for file in read_tree(data))

    def _at(self, commit: str) -> frozenset[str]:
        found: set[str] = set()
        for path, file in self.whole.tree(commit).items():
            if _is_of_dvc(path):
                if file.blob not in self._blobs:
                    self._blobs[file.blob] = _hashes(self.whole.read(commit, path) or b"")
                found |= self._blobs[file.blob]
        return frozenset(found)

    def _here(self) -> frozenset[str]:
        root = self.whole.root
        paths = [root / path for path in self.whole.files() if _is_of_dvc(path)]
        return frozenset(h for path in paths if path.is_file() for h in _hashes(path.read_bytes()))


# --- inside


def _is_of_dvc(path: str) -> bool:
    return posixpath.basename(path) == "dvc.lock" or path.endswith(".dvc")


def _hashes(content: bytes) -> frozenset[str]:
    return frozenset(found.decode() for found in _HASH.findall(content))


def _is(data: bytes, md5: str) -> bool:
    return hashlib.md5(data, usedforsecurity=False).hexdigest() == md5.removesuffix(TREE)

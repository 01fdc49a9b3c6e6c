"""The record of a released version, from git if possible."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from datarelease.analysis.engine.protocol import Engine
from datarelease.documents import DocumentError, decode, decode_statistics
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.check.assess import in_words, other_inputs
from datarelease.flows.check.files import run_files_profile
from datarelease.flows.check.known import keep, recall
from datarelease.flows.remote_tables import table_for
from datarelease.flows.repository import Repository, with_remotes
from datarelease.flows.versions.dataset_at import DatasetAt, snapshot
from datarelease.flows.versions.documents import find_document, find_manifest
from datarelease.model.data.dataset import Dataset, is_of_files
from datarelease.model.data.files import FilesProfile, ListedFile, Statistics
from datarelease.model.data.profile import Profile
from datarelease.model.data.provenance import of_profile
from datarelease.model.data.validation import Contract, Validation
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot, Snapshot
from datarelease.model.versions.version import Version
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.read import read_settings

_T = TypeVar("_T", Validation, Statistics)
_INFERRED = ("types", "inferred")
"""Beside the inputs of a profile: the schema of a version, which may be a program, is not run."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A released version, read at its commit."""

    repository: Repository
    version: Version
    datasets: tuple[Dataset, ...]
    snapshot: Snapshot
    manifest: Callable[[], Manifest | None]
    """Finds the manifest; None: it is not available, which is said once."""

    def side(self, name: str) -> DatasetAt | None:
        """The dataset called ``name`` as it was then, or None."""
        dataset = next((dataset for dataset in self.datasets if dataset.name == name), None)
        content = self.snapshot.get(name)
        if dataset is None or content is None:
            return None
        return DatasetAt(
            label=self.version.tag,
            released=True,
            dataset=dataset,
            content=content,
            profile=lambda engine: self._profile(dataset, content, engine),
            contract=lambda: self._contract(dataset, content),
            files=lambda: self._files(content),
            listing=lambda: self._listing(content),
            bring=self._bring,
        )

    def documents(self, path: str) -> Iterator[bytes]:
        """What git, then the remotes hold of a file that describes a dataset."""
        recorded = self.repository.git.read(self.version.commit, path)
        if recorded is not None:
            yield recorded
        manifest = self.manifest()
        try:
            found = find_document(self.repository, manifest, path) if manifest else None
        except WorldError as error:
            self.repository.progress.say(f"{path} of {self.version.tag} was not read: {error.what}")
        else:
            if found is not None:
                yield found

    def _files(self, content: DatasetSnapshot) -> tuple[DataFile, ...]:
        objects = self.repository.objects
        return tuple(file for entry in content.entries for file in objects.files(entry))

    def _bring(self, files: Sequence[DataFile]) -> None:
        self.repository.objects.ensure(file.md5 for file in files)

    def _listing(self, content: DatasetSnapshot) -> tuple[ListedFile, ...]:
        """Files with their sizes: as this machine has them, else as the manifest lists them."""
        objects = self.repository.objects
        if all(objects.has(entry.md5) for entry in content.entries if entry.is_tree):
            files = self._files(content)
            sizes = objects.local_sizes(file.md5 for file in files)
            if all(file.md5 in sizes for file in files):
                return tuple(ListedFile(file.path, sizes[file.md5], file.md5) for file in files)
        manifest = self.manifest()
        listed = manifest.dataset(content.name) if manifest is not None else None
        if listed is not None and tuple(sorted(listed.entries)) == content.entries:
            return tuple(ListedFile(file.path, file.size, file.md5) for file in listed.files)
        files = self._files(content)
        sizes = objects.sizes(file.md5 for file in files)
        if any(file.md5 not in sizes for file in files):
            objects.ensure(file.md5 for file in files)  # says which are lost
        return tuple(ListedFile(file.path, sizes[file.md5], file.md5) for file in files)

    def _profile(self, dataset: Dataset, content: DatasetSnapshot, engine: Engine) -> Statistics:
        """From git, from the documents on a remote, or made from the data, in this order.

        Raises:
            UnreadableTable: It is recorded nowhere, and the data is not a table any more.
            WorldError: Nor is the data available.
        """
        path = dataset.profile_file
        recorded, other = self._document(decode_statistics, dataset, content, path)
        if recorded is not None and not other:
            return recorded
        then = self.repository.at(self.version.commit).read
        made_from = (*of_profile(dataset, content, then), _INFERRED)
        known = recall(self.repository.memo, Profile, made_from)
        if known is not None:
            return known
        try:
            if isinstance(recorded, FilesProfile) or dataset.files is not None:
                return run_files_profile(
                    dataset, content, self._listing(content), self.repository.memo
                )
            files = self._files(content)
            if is_of_files(dataset, [file.path for file in files]):
                listing, memo = self._listing(content), self.repository.memo
                return run_files_profile(dataset, content, listing, memo)
            objects = self.repository.objects
            table = table_for(engine, dataset, files, objects, lambda: self._bring(files))
        except WorldError:
            if recorded is None:
                raise
            self.repository.progress.say(
                f"the data of {self.version.tag} is not available, so {path} is used although "
                f"{in_words(recorded, other)}"
            )
            return recorded
        from datarelease.analysis.profiling.profile import profile  # noqa: PLC0415 - heavy

        known = dataclasses.replace(profile(engine, table, dataset), made_from=made_from)
        keep(self.repository.memo, known)
        return known

    def _contract(self, dataset: Dataset, content: DatasetSnapshot) -> Contract | None:
        path = dataset.validation_file
        recorded, other = self._document(
            lambda data: decode(Validation, data), dataset, content, path
        )
        if recorded is None or {"schema", "checks"} & {*other}:
            return None
        return recorded.contract

    def _document(
        self,
        read_record: Callable[[bytes], _T],
        dataset: Dataset,
        content: DatasetSnapshot,
        path: str,
    ) -> tuple[_T | None, tuple[str, ...]]:
        """The best record there is of this data, and the inputs that it was not made from.

        A record that names no inputs was made by an earlier release of this program, and was
        accepted when the data was released. A record of other data is not used.
        """
        best: tuple[_T | None, tuple[str, ...]] = (None, ())
        read = self.repository.at(self.version.commit).read
        for data in self.documents(path):
            try:
                record = read_record(data)
            except DocumentError as error:
                self.repository.progress.say(f"{path} of {self.version.tag} is not used: {error}")
                continue
            other: tuple[str, ...] = other_inputs(record, dataset, content, read)
            if not other or not record.made_from:
                return record, ()
            if best[0] is None and not {"data", "dataset"} & {*other}:
                best = record, other
        return best


def read_baseline(repository: Repository, version: Version) -> Baseline:
    """What git holds of a released version.

    Raises:
        ConfigError: Its commit is not here, or its files cannot be read any more.
        WorldError: A directory listing is needed that is neither here nor on a remote.
    """
    if repository.git.resolve(version.commit) is None:
        raise ConfigError(
            f"The commit of {version.tag} ({version.commit[:12]}) is not in this clone.",
            remedy="Fetch it with `git fetch origin --tags`, then run the command again.",
        )
    then = repository.at(version.commit)
    declared = read_settings(then.mapping(DATASETS_FILE), {}, then.artifacts).datasets
    tracked = then.outputs
    manifest = cache(lambda: _manifest(repository, version))

    def bound() -> set[str]:
        found = manifest()
        held = {remote.name for remote in found.output_remotes} if found is not None else set()
        return held | {out.remote for out in tracked if out.remote}

    reached = with_remotes(repository, bound)
    return Baseline(
        repository=reached,
        version=version,
        datasets=declared,
        snapshot=snapshot(declared, tracked, reached.objects),
        manifest=manifest,
    )


def _manifest(repository: Repository, version: Version) -> Manifest | None:
    try:
        return find_manifest(repository, version)
    except WorldError as error:
        repository.progress.say(f"the manifest of {version.tag} was not read: {error.what}")
        return None

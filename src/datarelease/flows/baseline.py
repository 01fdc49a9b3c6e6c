"""What is known of a released version, from git wherever possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from datarelease.adapters.tracked import load_yaml, outputs
from datarelease.analysis.engine import Engine, UnreadableTable
from datarelease.analysis.profile import profile
from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.content import snapshot
from datarelease.flows.shelf import Shelf
from datarelease.flows.side import Side, table_of
from datarelease.model.dataset import Dataset
from datarelease.model.manifest import metadata_key
from datarelease.model.profile import Profile
from datarelease.model.snapshot import DataFile, DatasetSnapshot, Snapshot
from datarelease.model.validation import Contract, Validation
from datarelease.model.version import Version
from datarelease.settings import DATASETS_FILE, read_settings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A released version, read at its commit."""

    shelf: Shelf
    version: Version
    datasets: tuple[Dataset, ...]
    snapshot: Snapshot

    def side(self, name: str) -> Side | None:
        """The dataset called ``name`` as it was then, or None."""
        dataset = next((dataset for dataset in self.datasets if dataset.name == name), None)
        content = self.snapshot.get(name)
        if dataset is None or content is None:
            return None
        return Side(
            label=self.version.tag,
            dataset=dataset,
            content=content,
            profile=lambda engine: self._profile(dataset, content, engine),
            contract=lambda: self._contract(dataset),
            files=lambda: self._files(content),
        )

    def _files(self, content: DatasetSnapshot) -> tuple[DataFile, ...]:
        objects = self.shelf.objects
        return tuple(file for entry in content.entries for file in objects.files(entry))

    def _profile(self, dataset: Dataset, content: DatasetSnapshot, engine: Engine) -> Profile:
        """From git, from the documents on a remote, or made from the data, in this order."""
        recorded = self._document(Profile, dataset.profile_file)
        if recorded is not None:
            return recorded
        files = self._files(content)
        self.shelf.objects.ensure(file.md5 for file in files)
        try:
            return profile(engine, table_of(dataset, files, self.shelf.objects), dataset)
        except UnreadableTable as error:
            raise WorldError(
                f"{self.version.tag}: {dataset.name} cannot be read: {error}",
                untouched="Nothing was changed.",
                remedy="Compare with another version: --base TAG.",
            ) from error

    def _contract(self, dataset: Dataset) -> Contract | None:
        recorded = self._document(Validation, dataset.validation_file)
        return recorded.contract if recorded else None

    def _document(self, kind: type[T], path: str) -> T | None:
        data = self.shelf.git.read(self.version.commit, path)
        if data is None:
            data = self._from_remotes(metadata_key(self.version.tag, path))
        try:
            return decode(kind, data) if data is not None else None
        except DocumentError as error:
            # Of an older format, say: it is made from the data instead.
            self.shelf.progress.say(f"{self.version.tag}: {path} is not used: {error}")
            return None

    def _from_remotes(self, key: str) -> bytes | None:
        for remote in self.shelf.remotes:
            try:
                data = remote.read(key)
            except WorldError as error:
                self.shelf.progress.say(f"{remote.name}: {key} was not read: {error.what}")
                continue
            if data is not None:
                return data
        return None


def read_baseline(shelf: Shelf, version: Version) -> Baseline:
    """What git holds of a released version.

    Raises:
        ConfigError: Its commit is not here, or its files cannot be read any more.
        WorldError: A directory listing is needed that is neither here nor on a remote.
    """
    if shelf.git.resolve(version.commit) is None:
        raise ConfigError(
            f"The commit of {version.tag} ({version.commit[:12]}) is not in this clone.",
            untouched="Nothing was changed.",
            remedy="Fetch it: `git fetch origin --tags`.",
        )
    read = shelf.reader(version.commit)
    declared = read_settings(load_yaml(read, DATASETS_FILE), {}).datasets
    tracked = outputs(read, shelf.git.files(version.commit))
    return Baseline(
        shelf=shelf,
        version=version,
        datasets=declared,
        snapshot=snapshot(declared, tracked, shelf.objects),
    )

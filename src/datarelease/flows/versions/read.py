"""The reading side: get the files of a version, and find them for loading."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from datarelease.adapters.store.directory import Store, sha256_of
from datarelease.adapters.store.several import first
from datarelease.adapters.untrusted import refuse_links_to
from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import fetched_catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.versions.dataset_at import table_of
from datarelease.flows.versions.documents import (
    read_manifest,
)
from datarelease.flows.write_file import written
from datarelease.model.data.dataset import DEFAULT_DIALECT, Dataset, is_of_files
from datarelease.model.versions.lineage import names_at
from datarelease.model.versions.manifest import Manifest, ManifestDataset, ManifestFile
from datarelease.model.versions.snapshot import DataFile
from datarelease.model.versions.version import Version
from datarelease.model.wording import suggestion
from datarelease.progress import Progress


def get(
    repository: Repository, version: Version, target: Path, names: Sequence[str], *, overwrite: bool
) -> tuple[Path, ...]:
    """Put the files of a version below ``target``, as they are in the repository.

    Only datasets in ``names`` (empty: all) are fetched, and files that are already there are not
    fetched again. Every file's SHA-256 is checked against the manifest.

    Raises:
        ConfigError: An unknown dataset, or another file or a symbolic link is in the way.
        WorldError: An object is missing or damaged.
    """
    manifest = read_manifest(repository, version)
    chosen = [dataset_of_version(repository, manifest, name) for name in names] or list(
        manifest.datasets
    )
    places = {dataset.place(file): file for dataset in chosen for file in dataset.files}
    refuse_links_to(target, places)
    wanted = {target / place: file for place, file in places.items()}
    remotes = {dataset.name: remotes_by_path(repository, dataset) for dataset in chosen}
    sources = {
        target / dataset.place(file): remotes[dataset.name].get(file.path, repository.remotes)
        for dataset in chosen
        for file in dataset.files
    }
    missing = absent_files(wanted, version.tag, overwrite=overwrite)
    with (
        repository.progress.track(f"Getting {version.tag}", len(missing), "files") as advance,
        ThreadPoolExecutor(8) as pool,
    ):
        for _ in pool.map(lambda p: _fetch(repository, sources[p], wanted[p], p), missing):
            advance(1)
    return tuple(wanted)


def table_of_version(
    repository: Repository, version: Version, name: str
) -> tuple[ManifestDataset, Table]:
    """One dataset of a version, and its files as the table that was validated.

    The files are where the cache has them, or will have those that it lacks (`bring`).

    Raises:
        ConfigError: The version has no such dataset, or it is not a table.
        WorldError: The manifest is missing.
    """
    dataset = dataset_of_version(repository, read_manifest(repository, version), name)
    declared = Dataset(name=dataset.name, path=dataset.path, csv=dataset.csv or DEFAULT_DIALECT)
    refuse_files(dataset, version.tag)
    files = [DataFile(path=file.path, md5=file.md5) for file in dataset.files]
    return dataset, table_of(declared, files, repository.objects)


def refuse_files(dataset: ManifestDataset, tag: str) -> None:
    """Refuse to read a dataset of files as a table.

    Raises:
        ConfigError: It is one.
    """
    declared = Dataset(name=dataset.name, path=dataset.path, csv=dataset.csv or DEFAULT_DIALECT)
    if dataset.rows is None and is_of_files(declared, [file.path for file in dataset.files]):
        raise ConfigError(
            f"{dataset.name} of {tag} is a dataset of files, not a table.",
            remedy=f"List and open them: `dr.files({tag!r}, {dataset.name!r})`; or get them all: "
            f"`datarelease get {tag}`.",
        )


def dataset_of_version(repository: Repository, manifest: Manifest, name: str) -> ManifestDataset:
    """The dataset that ``name`` means in a version, where it may have another name.

    Raises:
        ConfigError: There is none, or it was split.
    """
    return dataset_named(
        manifest,
        name,
        lambda: fetched_catalogue(repository.git, repository.tags).versions,
        repository.progress,
    )


def dataset_named(
    manifest: Manifest,
    name: str,
    versions: Callable[[], Sequence[Version]],
    progress: Progress,
) -> ManifestDataset:
    """The same where ``versions`` lists all that there are; of another name, the reader is told."""
    found = manifest.dataset(name)
    if found is None:
        found = dataset_in(manifest, name, versions())
        progress.warn(f"{manifest.tag} has no dataset {name}: {found.name} is read instead.")
    return found


def dataset_in(manifest: Manifest, name: str, versions: Sequence[Version] = ()) -> ManifestDataset:
    """The dataset called ``name``, or what it is called in this version, as ``versions`` tell.

    Raises:
        ConfigError: There is none, or it was split.
    """
    version = next((version for version in versions if version.tag == manifest.tag), None)
    names = names_at(name, version, versions) if version is not None else (name,)
    found = [dataset for one in (name, *names) if (dataset := manifest.dataset(one))]
    if len({dataset.name for dataset in found}) > 1 and found[0].name != name:
        parts = ", ".join(dataset.name for dataset in found)
        raise ConfigError(
            f"{name} was split: {manifest.tag} has the datasets {parts}.",
            remedy="Name one of them.",
        )
    if found:
        return found[0]
    gone = next((v for v in reversed(versions) if set(names) & {*v.retired}), None)
    if gone is not None and version is not None and gone.number <= version.number:
        why = {dataset.name: dataset.reason for dataset in manifest.retired}
        reason = next((why[one] for one in names if one in why), "")
        raise ConfigError(
            f"{manifest.tag} has no dataset {name!r}: it was retired in {gone.tag}"
            f"{f': {reason}' if reason else '.'}",
            remedy="Read it from an earlier version; `datarelease list` shows them.",
        )
    raise ConfigError(
        f"{manifest.tag} has no dataset {name!r}.",
        remedy=suggestion(name, (dataset.name for dataset in manifest.datasets)),
    )


def bring_all(repository: Repository, dataset: ManifestDataset) -> None:
    """Bring all files of a dataset into the cache.

    Raises:
        ConfigError: A remote that alone holds one is not configured.
        WorldError: An object is missing or damaged.
    """
    bring(repository, dataset, ((file.path, file.md5) for file in dataset.files))


def bring(
    repository: Repository, dataset: ManifestDataset, files: Iterable[tuple[str, str]]
) -> None:
    """Bring files (path, hash) of a dataset into the cache, each from a remote that holds it.

    Raises:
        ConfigError: A remote that alone holds one is not configured.
        WorldError: An object is missing or damaged.
    """
    bound = remotes_by_path(repository, dataset)
    wanted = list(files)
    for some in {repository.remotes, *bound.values()}:
        objects = dataclasses.replace(repository.objects, remotes=some)
        objects.ensure(md5 for path, md5 in wanted if bound.get(path, repository.remotes) == some)


def remotes_by_path(
    repository: Repository, dataset: ManifestDataset
) -> dict[str, tuple[Store, ...]]:
    """Where those files are that one remote alone holds, by path.

    Raises:
        ConfigError: That remote is not configured.
    """
    return {path: (repository.named(name),) for path, name in dataset.bound.items()}


def absent_files(
    wanted: Mapping[Path, ManifestFile], tag: str, *, overwrite: bool
) -> dict[Path, ManifestFile]:
    """Those of ``wanted`` that are not at their places yet; whole files that are there stay.

    Raises:
        ConfigError: Another file is in the way.
    """
    absent = {path: file for path, file in wanted.items() if not _is(path, file)}
    in_the_way = [path for path in absent if path.exists()]
    if in_the_way and not overwrite:
        raise ConfigError(
            f"{in_the_way[0]} exists and is not the file of {tag}"
            + (f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else "")
            + ".",
            untouched="Nothing was written.",
            remedy="Name another directory, or overwrite the file with --force (in Python: "
            "force=True).",
        )
    return absent


def _is(path: Path, file: ManifestFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size and sha256_of(path) == file.sha256


def _fetch(
    repository: Repository, remotes: Sequence[Store], file: ManifestFile, target: Path
) -> None:
    with written(target) as scratch:
        cached = repository.objects.path(file.md5)
        if cached.is_file() and cached.stat().st_size == file.size:
            shutil.copyfile(cached, scratch)
            if sha256_of(scratch) == file.sha256:
                scratch.chmod(0o644)
                return
        _download(remotes, file, scratch)
        scratch.chmod(0o644)


def _download(remotes: Sequence[Store], file: ManifestFile, scratch: Path) -> None:
    having: list[Store] = []

    def download(remote: Store) -> bool | None:
        if file.key not in remote.stat([file.key]):
            return None
        having.append(remote)
        remote.download(file.key, scratch)
        return True if sha256_of(scratch) == file.sha256 else None

    if first(remotes, download):
        return
    where = ", ".join(remote.name for remote in having or remotes)
    what = "does not match the hash in the manifest" if having else "is missing"
    raise WorldError(
        f"The object {file.key} ({file.path}) {what} on {where}.",
        untouched=f"{file.path} was not written.",
        remedy=(
            "Run `datarelease verify VERSION --repair` in a clone whose DVC cache has the data: it "
            "sends the missing objects again."
        ),
    )

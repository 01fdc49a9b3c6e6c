"""``datarelease url VERSION NAME``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.text import Text
from typing_extensions import TypedDict

from datarelease.app.readers import open_address
from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.options import from_option, refuse_both, repo_option
from datarelease.errors import ConfigError
from datarelease.flows.repository import find_version
from datarelease.flows.versions.dataset_at import as_table
from datarelease.flows.versions.documents import read_manifest
from datarelease.flows.versions.read import dataset_of_version, refuse_files, remotes_by_path
from datarelease.model.data.dataset import DEFAULT_DIALECT, Dataset
from datarelease.model.versions.manifest import ManifestDataset, ManifestFile
from datarelease.readers.datasets import dataset_there
from datarelease.readers.lines import LANGUAGES, Language, line_for


class FileAddress(TypedDict):
    """One file of a dataset."""

    path: str
    """Its path in the repository."""
    size: int
    """The size of the file in bytes."""
    sha256: str
    """The SHA-256 of its bytes, in hexadecimal."""
    address: str
    """Where its object is."""


class DatasetAddresses(TypedDict):
    """Where the files of one dataset of a version are."""

    tag: str
    """The git tag of the version."""
    dataset: str
    """The name of the dataset."""
    files: list[FileAddress]
    """Its files, in the order of the manifest."""
    line: str | None
    """The line of code that `--sql` asks for; null: without that option."""


@click.command(
    "url",
    cls=DescribedCommand,
    arguments={"VERSION": VERSION, "NAME": "The name of a dataset."},
    prints=DatasetAddresses,
)
@click.argument("version")
@click.argument("name")
@click.option(
    "--sql",
    "language",
    type=click.Choice(LANGUAGES),
    help="Print a line of code that reads the files, instead of their addresses.",
)
@click.option(
    "--remote",
    metavar="NAME",
    help="Print the addresses on this DVC remote.  [default: the first one]",
)
@from_option
@repo_option
@prints_result
def command(
    version: str,
    name: str,
    language: Language | None,
    remote: str | None,
    repo: str | None,
    address: str | None,
) -> Result:
    """Print the addresses of the files of the dataset NAME in VERSION.

    With `--sql`, print a line of code that reads them: SQL of DuckDB, PySpark or Polars. The names
    of objects have no file ending, so the line names the format.
    """
    refuse_both(repo, address)
    if address is not None:
        there = dataset_there(open_address(address, progress=ConsoleProgress()), version, name)
        tag, dataset, reader = there.tag, there.dataset, there.reader
        return _result(tag, dataset, lambda file: reader.source.address(file.key), language)
    repository = open_repository(repo, version, progress=ConsoleProgress())
    found = find_version(repository, version)
    dataset = dataset_of_version(repository, read_manifest(repository, found), name)
    remotes = repository.remotes if remote is None else (repository.named(remote),)
    bound = remotes_by_path(repository, dataset)

    def place(file: ManifestFile) -> str:
        store = bound.get(file.path, remotes)[0]
        return f"{store.url.rstrip('/')}/{file.key}"

    return _result(found.tag, dataset, place, language)


def _result(
    tag: str,
    dataset: ManifestDataset,
    place: Callable[[ManifestFile], str],
    language: Language | None,
) -> Result:
    if not dataset.files:
        raise ConfigError(f"{dataset.name} of {tag} has no files.", untouched="", remedy="")
    addresses = {file.path: place(file) for file in dataset.files}
    line = None
    if language is not None:
        refuse_files(dataset, tag)
        declared = Dataset(name=dataset.name, path=dataset.path, csv=dataset.csv or DEFAULT_DIALECT)
        table = as_table(declared, {path: Path(path) for path in addresses})
        line = line_for(language, table, [addresses[label] for label in table.labels])
    document: DatasetAddresses = {
        "tag": tag,
        "dataset": dataset.name,
        "files": [
            {
                "path": file.path,
                "size": file.size,
                "sha256": file.sha256,
                "address": addresses[file.path],
            }
            for file in dataset.files
        ],
        "line": line,
    }
    shown = [line] if line is not None else [addresses[file.path] for file in dataset.files]
    # Whole, as they are pasted: a terminal breaks them, and no line end is put into them.
    return Result(document, tuple(Text(each, no_wrap=True) for each in shown))

"""What descriptions of a version say: from manifest, schemas and statistics, no values of data.

Names and texts come from a repository and its data. They are put into JSON and YAML by libraries
and into nothing else; identifiers are made of them by percent-encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from datarelease.model.data.dataset import DEFAULT_DIALECT, CsvDialect, Dataset
from datarelease.model.data.files import FilesProfile, Statistics
from datarelease.model.data.profile import Profile
from datarelease.model.data.table_format import table_format
from datarelease.model.data.validation import Contract
from datarelease.model.versions.manifest import Manifest, ManifestDataset

_TEXT = 2_000
"""Characters of a description."""


def local_path(path: str) -> str:
    """A path that no reader takes for an address, whatever it looks like.

    >>> local_path("data/a.csv"), local_path("https:/example.org/a.csv")
    ('data/a.csv', './https:/example.org/a.csv')
    """
    return f"./{path}" if ":" in path else path


@dataclass(frozen=True, kw_only=True)
class Citation:
    """How the repository wants to be cited: what its ``CITATION.cff`` says."""

    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    license: str = ""
    """An SPDX identifier."""
    url: str = ""
    doi: str = ""


@dataclass(frozen=True, kw_only=True)
class DatasetSources:
    """What is known of one dataset beside the manifest."""

    declared: Dataset
    profile: Statistics | None
    contract: Contract | None


@dataclass(frozen=True, kw_only=True)
class VersionSources:
    """What descriptions of a version are made from."""

    manifest: Manifest
    """Its ``documents`` are of no concern: descriptions are some of them."""
    datasets: Mapping[str, DatasetSources] = field(default_factory=dict)
    citation: Citation = Citation()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files of the repository that are passed through, by name."""

    @property
    def title(self) -> str:
        """What the data is called."""
        return self.citation.title or ", ".join(d.name for d in self.manifest.datasets)

    @property
    def description(self) -> str:
        """What it is, in words."""
        told = [self.citation.abstract]
        told += [
            f"{name}: {source.declared.desc}"
            for name, source in self.datasets.items()
            if source.declared.desc
        ]
        text = "\n".join(filter(None, told)) or f"{self.title}, released as {self.manifest.tag}."
        return text[:_TEXT]

    @property
    def description_with_files(self) -> str:
        """The description, and how its files come beside it: whoever has it may have nothing else.

        It names no remote, since equal versions have equal descriptions wherever they are.
        """
        tag = self.manifest.tag
        command = f"datarelease get {tag} DIR --metadata"
        return (
            f"{self.description}\n\n"
            "Paths in this description are below the directory DIR that "
            f"`{command} --from ADDRESS` fills with the files and this description. ADDRESS is the "
            f"remote: the place in which `releases/{tag}/` lies. With the git repository: "
            f"`{command} --repo URL`."
        )

    @property
    def semantic_version(self) -> str:
        """The number of the version, as standards want it."""
        return f"{self.manifest.number}.0.0"

    def described(self) -> Iterator[DescribedDataset]:
        """Each dataset, with what is known of it."""
        for dataset in self.manifest.datasets:
            yield DescribedDataset.of(dataset, self.datasets.get(dataset.name))


@dataclass(frozen=True, kw_only=True)
class DescribedColumn:
    """One column of a table."""

    name: str
    type: str
    """As profiles name types (`timestamp[us, UTC]`)."""
    pii: bool = False
    required: bool = False
    unique: bool = False
    checks: tuple[str, ...] = ()
    """As the schema spells them; none of a pii column, for they may name values."""
    partition: bool = False
    """Folders called ``key=value`` give it, and perhaps the files as well."""

    @property
    def plain_type(self) -> str:
        """The type without its parameters: `timestamp`, `decimal`, `list`."""
        return re.split(r"[\[(<]", self.type, maxsplit=1)[0]

    @property
    def is_zoned(self) -> bool:
        """It holds times with a time zone."""
        return self.plain_type == "timestamp" and "," in self.type


@dataclass(frozen=True, kw_only=True)
class DescribedDataset:
    """One dataset of a version."""

    of_version: ManifestDataset
    desc: str
    columns: tuple[DescribedColumn, ...]
    """None: its columns are not known, or it is a dataset of files."""
    content_types: tuple[str, ...]
    """Of a dataset of files."""
    checks: tuple[str, ...]
    """Of the table as a whole."""

    @classmethod
    def of(cls, dataset: ManifestDataset, sources: DatasetSources | None) -> DescribedDataset:
        """What manifest, statistics and schema say together."""
        profile = sources.profile if sources is not None else None
        contract = sources.contract if sources is not None else None
        pii = frozenset(sources.declared.pii) if sources is not None else frozenset[str]()
        return cls(
            of_version=dataset,
            desc=sources.declared.desc[:_TEXT] if sources is not None else "",
            columns=tuple(_columns(dataset, profile, contract, pii)),
            content_types=(
                tuple(kind.type for kind in profile.kinds)
                if isinstance(profile, FilesProfile)
                else ()
            ),
            checks=contract.checks if contract is not None and not pii else (),
        )

    @property
    def name(self) -> str:
        """As ``dvc.yaml`` calls it."""
        return self.of_version.name

    @property
    def is_table(self) -> bool:
        """Its columns are known."""
        return bool(self.columns)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Where its files are in the repository; of a table the part files alone."""
        return tuple(
            self.of_version.place(file)
            for file in self.of_version.files
            if not self.is_table or table_format(file.path)
        )

    @property
    def is_single(self) -> bool:
        """It is one file, and not a directory."""
        return self.places == (self.of_version.path,)

    @property
    def dialect(self) -> CsvDialect:
        """How its CSV files are written."""
        return self.of_version.csv or DEFAULT_DIALECT

    @cached_property
    def format(self) -> str:
        """`csv`, `jsonl`, `parquet` or `arrow`; empty: it is no table."""
        found = {table_format(place) for place in self.places} if self.is_table else set()
        return str(next(iter(found))) if len(found) == 1 else ""


def _columns(
    dataset: ManifestDataset,
    profile: Statistics | None,
    contract: Contract | None,
    pii: frozenset[str],
) -> Iterator[DescribedColumn]:
    if not isinstance(profile, Profile):
        return
    promised = {column.name: column for column in contract.columns} if contract else {}
    partitions = _partitions(dataset)
    for column in profile.columns:
        said = promised.get(column.name)
        hidden = column.pii or column.name in pii
        yield DescribedColumn(
            name=column.name,
            type=column.type,
            pii=hidden,
            required=(said is not None and not said.nullable) or column.name in dataset.key,
            unique=(said is not None and said.unique) or dataset.key == (column.name,),
            checks=said.checks if said is not None and not hidden else (),
            partition=column.name in partitions,
        )


def _partitions(dataset: ManifestDataset) -> frozenset[str]:
    """The names in folders called ``name=value`` that all files are in."""
    folders = [file.path.split("/")[:-1] for file in dataset.files]
    names = [{part.partition("=")[0] for part in parts if "=" in part} for parts in folders]
    return frozenset(set.intersection(*names)) if names else frozenset()

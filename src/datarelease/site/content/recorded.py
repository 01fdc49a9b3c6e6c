"""What git alone has of a version: the statistics and validations that its stages wrote."""

from __future__ import annotations

import dataclasses

from datarelease.adapters.git.repository import Git
from datarelease.analysis.comparison.compare import compare
from datarelease.documents import DocumentError, decode_or_none, decode_statistics
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FilesProfile, Statistics
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation
from datarelease.model.review.report import DatasetReport
from datarelease.model.versions.version import Version
from datarelease.site.content.derive import dataset_figures
from datarelease.site.content.figures import DatasetFigures


def recorded_in_git(git: Git, version: Version, base: Version | None) -> list[DatasetFigures]:
    """The datasets of a version, compared with those of ``base``, as far as git holds them."""
    counted = {**dict(version.rows), **dict(version.files)}
    return [_dataset(git, name, amount, version, base) for name, amount in sorted(counted.items())]


def _dataset(
    git: Git, name: str, amount: int, version: Version, base: Version | None
) -> DatasetFigures:
    dataset = Dataset(name=name, path="")
    after = _statistics(git, version, dataset)
    if isinstance(after, FilesProfile):
        return DatasetFigures(
            name=name,
            path="",
            of_files=True,
            amount=after.files,
            size=after.bytes,
            kinds=after.kinds,
        )
    before = None if base is None else _statistics(git, base, dataset)
    if after is None:
        of_files = any(name == counted for counted, _ in version.files)
        return DatasetFigures(name=name, path="", of_files=of_files, amount=amount)
    diff = compare(dataset, before if isinstance(before, Profile) else None, after)
    validation = decode_or_none(Validation, git.read(version.commit, dataset.validation_file))
    part = DatasetReport(name=name, path="", desc="", validation=validation, diff=diff)
    figures = dataset_figures(part, None)
    types = {column.name: column.type for column in after.columns}
    columns = (dataclasses.replace(c, type=types.get(c.name, c.type)) for c in figures.columns)
    return dataclasses.replace(figures, columns=tuple(columns))


def _statistics(git: Git, version: Version, dataset: Dataset) -> Statistics | None:
    data = git.read(version.commit, dataset.profile_file)
    try:
        return None if data is None else decode_statistics(data)
    except DocumentError:
        return None

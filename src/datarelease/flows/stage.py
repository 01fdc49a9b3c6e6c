"""The stage commands: what ``dvc repro`` runs for each dataset, on the files of the work tree.

They need no git, and no DVC of their own: DVC starts them and keeps track of what they write.
"""

from __future__ import annotations

from pathlib import Path

from datarelease.analysis.engine import Engine, Table, UnreadableTable
from datarelease.analysis.expectations import schema_types
from datarelease.analysis.partitions import text_columns
from datarelease.analysis.profile import profile
from datarelease.analysis.schema import load_schema
from datarelease.analysis.validate import validate
from datarelease.documents import encode
from datarelease.errors import BlockedError, ConfigError
from datarelease.flows.local_files import write
from datarelease.flows.side import as_table
from datarelease.model.dataset import Dataset, suggestion
from datarelease.model.profile import Profile
from datarelease.model.validation import Validation
from datarelease.settings import Settings


def validate_stage(root: Path, settings: Settings, name: str, engine: Engine) -> Validation:
    """The outcome of a dataset's schema, also written to ``reports/NAME/validation.json``.

    Raises:
        ConfigError: No such dataset, no files, or a schema that cannot be used.
    """
    dataset = _dataset(settings, name)
    result = run_validation(root, dataset, _table(root, dataset), engine)
    _write(root / dataset.validation_file, encode(result))
    return result


def profile_stage(root: Path, settings: Settings, name: str, engine: Engine) -> Profile:
    """A dataset's statistics, also written to ``reports/NAME/profile.json``.

    Raises:
        ConfigError: No such dataset, or no files.
        BlockedError: The files are no such table.
    """
    dataset = _dataset(settings, name)
    try:
        result = run_profile(root, dataset, _table(root, dataset), engine)
    except UnreadableTable as error:
        raise BlockedError(
            f"{dataset.path} cannot be read: {error}",
            untouched=f"{dataset.profile_file} was not written.",
            remedy="Correct the file; `datarelease validate` says more.",
        ) from error
    _write(root / dataset.profile_file, encode(result))
    return result


def run_validation(root: Path, dataset: Dataset, table: Table, engine: Engine) -> Validation:
    """The outcome of the dataset's schema on ``table``.

    Raises:
        ConfigError: The schema cannot be used.
    """
    schema = None
    if dataset.schema is not None:
        schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
    return validate(engine, table, dataset, schema)


def run_profile(root: Path, dataset: Dataset, table: Table, engine: Engine) -> Profile:
    """The statistics of ``table``.

    Text has no types of its own: CSV columns are read as the schema says, so that a column of
    prices stays a column of decimals in a version that happens to hold whole numbers only.

    Raises:
        ConfigError: The schema cannot be used.
        UnreadableTable: The files are no such table.
    """
    types = None
    if table.format == "csv" and dataset.schema is not None:
        schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
        types = schema_types(schema, sorted(text_columns(table, engine.columns(table))))
    return profile(engine, table, dataset, types=types)


def _dataset(settings: Settings, name: str) -> Dataset:
    dataset = settings.dataset(name)
    if dataset is None:
        raise ConfigError(
            f"dvc.yaml declares no dataset {name!r}.",
            untouched="Nothing was written.",
            remedy=suggestion(name, (dataset.name for dataset in settings.datasets)),
        )
    return dataset


def _table(root: Path, dataset: Dataset) -> Table:
    place = root / dataset.path
    if place.is_file():
        return as_table(dataset, {place.name: place})
    found = (path for path in place.rglob("*") if path.is_file())
    return as_table(dataset, {path.relative_to(place).as_posix(): path for path in found})


def _write(path: Path, text: str) -> None:
    write(path, text.encode())

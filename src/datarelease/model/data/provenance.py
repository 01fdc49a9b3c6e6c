"""What a recorded result was made from: it counts for exactly these inputs, and for no others.

DVC runs a stage again when its command, a file or a parameter changes. The key, the pii columns and
the rules of this program are none of these (DVC lets no stage depend on ``dvc.yaml``), and ``dvc
commit`` writes new hashes beside old results. So each record names its inputs itself, and whoever
reads it compares them with those of today.
"""

from __future__ import annotations

import dataclasses
import hashlib
import posixpath
from collections.abc import Callable, Iterator

from datarelease.model.data.dataset import Dataset
from datarelease.model.versions.snapshot import DatasetSnapshot, canonical_json

Provenance = tuple[tuple[str, str], ...]
"""(input, its value as text), in a fixed order. Pairs, since ``dvc metrics`` shows no lists."""
ReadFile = Callable[[str], bytes | None]
"""The bytes of a file of the repository at the revision in question, or None."""

VALIDATION_RULES = 2
"""Counts up when `analysis.validation.run` finds something else in equal data."""
PROFILE_RULES = 1
"""Counts up when `analysis.profiling.profile` gives other statistics of equal data."""
FILE_PROFILE_RULES = 1
"""Counts up when `analysis.files.profile` gives other statistics of equal files."""
FILE_RULES = 1
"""Counts up when `analysis.files.validate` finds something else in equal files."""
PARSER_RULES = 1
"""Counts up when the same record and schema give another row: all parts are made again then."""
DEAD_LETTER_RULES = 2
"""Counts up when a dead letter has other columns or words: files of dead letters are made again."""
CHECKS_FILE = "checks.py"
"""Holds the registered custom checks of the schemas beside it."""

_NOT_HERE = frozenset({"name", "path", "schema", "key", "pii", "desc", "renamed_from", "retired"})
"""Fields of a dataset that decide nothing, or that a function below says itself."""


def of_validation(dataset: Dataset, content: DatasetSnapshot, read: ReadFile) -> Provenance:
    """What a validation of ``content`` is made from today.

    >>> from datarelease.model.versions.snapshot import Entry
    >>> data = DatasetSnapshot(name="d", entries=(Entry(path="d.csv", md5="0" * 32),))
    >>> made = of_validation(Dataset(name="d", path="d.csv", key=("id",)), data, lambda _: None)
    >>> [name for name, _ in made]
    ['dataset', 'data', 'schema', 'checks', 'pii', 'key', 'rules']
    """
    return (
        *_common(dataset, content, read),
        ("key", _text(dataset.key)),
        *((("file_rules", str(FILE_RULES)),) if dataset.files is not None else ()),
        ("rules", str(VALIDATION_RULES)),
    )


def of_profile(dataset: Dataset, content: DatasetSnapshot, read: ReadFile) -> Provenance:
    """What the statistics of ``content`` are made from today; no key decides them."""
    return (*_common(dataset, content, read), ("rules", str(PROFILE_RULES)))


def of_files_profile(dataset: Dataset, content: DatasetSnapshot) -> Provenance:
    """What the statistics of the files of ``content`` are made from: nothing but these files."""
    return (
        ("dataset", dataset.name),
        ("data", _data(content)),
        ("rules", f"files {FILE_PROFILE_RULES}"),
    )


def of_counts(dataset: Dataset, content: DatasetSnapshot, read: ReadFile) -> Provenance:
    """What the counts of a stream are made from today, beside its records.

    Checks of one's own decide no part, so a change of them makes no counts anew.
    """
    made = dict(_common(dataset, content, read))
    names = ("dataset", "data", "schema", "pii")
    return (
        *((name, made[name]) for name in names),
        ("key", _text(dataset.key)),
        ("rules", str(PARSER_RULES)),
    )


def of_any_data(made_from: Provenance) -> Provenance:
    """What results on the same question are made from, whatever the data.

    >>> of_any_data((("data", "0"), ("key", "a")))
    (('key', 'a'),)
    """
    return tuple(pair for pair in made_from if pair[0] != "data")


def differences(recorded: Provenance, now: Provenance) -> tuple[str, ...]:
    """The names of the inputs that are not the same, in the order of ``now``.

    >>> differences((("key", "a"), ("rules", "1")), (("key", "b"), ("rules", "1")))
    ('key',)
    >>> differences((), (("key", "b"), ("rules", "1")))
    ('key', 'rules')
    """
    before, after = dict(recorded), dict(now)
    return tuple(name for name in {**after, **before} if before.get(name) != after.get(name))


def _common(
    dataset: Dataset, content: DatasetSnapshot, read: ReadFile
) -> Iterator[tuple[str, str]]:
    schema = dataset.schema
    beside = posixpath.join(posixpath.dirname(schema), CHECKS_FILE) if schema else None
    yield "dataset", dataset.name
    yield "data", _data(content)
    yield "schema", _sha256(read(schema) if schema else None)
    yield "checks", _sha256(read(beside) if beside else None)
    yield "pii", _text(dataset.pii)
    yield from _options(dataset)


def _options(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Everything else of ``meta`` that is not as it would be if nobody had written it.

    So an option that is new to this program counts at once, and leaves the records of datasets that
    do not use it as they are.
    """
    written = dataclasses.asdict(dataset)
    for option in dataclasses.fields(dataset):
        if option.name not in _NOT_HERE and getattr(dataset, option.name) != option.default:
            yield option.name, canonical_json(written[option.name]).decode()


def _data(content: DatasetSnapshot) -> str:
    return hashlib.sha256(canonical_json(content.content)).hexdigest()


def _sha256(data: bytes | None) -> str:
    return hashlib.sha256(data).hexdigest() if data is not None else ""


def _text(names: tuple[str, ...]) -> str:
    return canonical_json(names).decode()

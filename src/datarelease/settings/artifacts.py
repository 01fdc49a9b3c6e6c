"""The datasets of a project: entries of ``artifacts:`` in a ``dvc.yaml``, checked."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from datarelease.errors import Problem
from datarelease.model.data.dataset import DATASET_NAME, CsvDialect, Dataset
from datarelease.model.data.table_format import FORMAT_NAMES, table_format
from datarelease.model.paths import path_fault
from datarelease.model.wording import agreeing, nearest_name
from datarelease.settings.csv_shape import CsvShape
from datarelease.settings.faults import problems_of
from datarelease.settings.shapes import ArtifactShape, MetaShape

DATASETS_FILE = "dvc.yaml"
_META = ("schema", "key", "pii", "csv", "files", "renamed_from", "retired")
_OF_TABLES = ("schema", "key", "pii", "csv")
_FIELDS = {"schema": "schema_"}


def read_datasets(
    files: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> tuple[Dataset, ...]:
    """The datasets that the ``artifacts`` of each ``dvc.yaml`` (by its path) declare, by name."""
    datasets: dict[str, Dataset] = {}
    for file, content in files.items():
        for dataset in _declared(file, content.get("artifacts"), problems):
            other = datasets.setdefault(dataset.name, dataset)
            if other is not dataset:
                what = f"{other.declared} also declares a dataset with this name"
                problems.append(Problem(where=dataset.where, what=what))
    problems += _name_faults(datasets)
    if not datasets and not problems:
        where = f"{DATASETS_FILE}: artifacts"
        what = (
            "no dataset is declared: run `datarelease init`, which finds the data, or add an entry "
            "with `type: dataset` and `path:`"
        )
        problems.append(Problem(where=where, what=what))
    return tuple(datasets[name] for name in sorted(datasets))


def _declared(file: str, artifacts: object, problems: list[Problem]) -> Iterator[Dataset]:
    """The datasets among the ``artifacts`` of a ``dvc.yaml``."""
    where = f"{file}: artifacts"
    if artifacts is not None and not isinstance(artifacts, dict):
        problems.append(Problem(where=where, what="expected a mapping of names to artifacts"))
        return
    for name, artifact in (artifacts or {}).items():
        if not isinstance(artifact, dict):
            problems.append(Problem(where=f"{where}.{name}", what="expected a mapping"))
        elif artifact.get("type") == "dataset":
            dataset = _dataset(str(name), artifact, file, problems)
            if dataset is not None:
                yield dataset
        elif near := nearest_name(str(artifact.get("type")), ["dataset"]):
            problems.append(Problem(where=f"{where}.{name}.type", what=f"did you mean {near!r}?"))


def _dataset(
    name: str, artifact: Mapping[str, Any], file: str, problems: list[Problem]
) -> Dataset | None:
    where, folder = f"{file}: artifacts.{name}", posixpath.dirname(file)
    found: list[Problem] = []
    if not DATASET_NAME.fullmatch(name):
        found.append(
            Problem(where=where, what="a dataset's name has letters, digits, '_', '-' and '.'")
        )
    meta = artifact.get("meta")
    for key in meta if isinstance(meta, dict) else ():
        near = nearest_name(str(key), _META)
        if key not in _META and near:
            found.append(Problem(where=f"{where}.meta.{key}", what=f"did you mean {near!r}?"))
    try:
        parsed = ArtifactShape.model_validate({k: v for k, v in artifact.items() if v is not None})
    except ValidationError as error:
        problems += [*found, *problems_of(error, ArtifactShape, where)]
        return None
    path = _inside(posixpath.join(folder, parsed.path), f"{where}.path", found)
    kind = table_format(path)
    if "csv" in parsed.meta.model_fields_set and kind not in {"csv", None}:
        what = f"the dataset is {FORMAT_NAMES[kind]}, which has no such settings"
        found.append(Problem(where=f"{where}.meta.csv", what=what))
    of_tables = [key for key in _OF_TABLES if _is_given(parsed.meta, key)]
    if parsed.meta.files is not None and of_tables:
        are = agreeing(len(of_tables), "is", "are")
        names = " and ".join(of_tables)
        what = (
            f"this is a dataset of files, but {names} {are} about tables: remove one or the other"
        )
        found.append(Problem(where=f"{where}.meta.files", what=what))
    schema = parsed.meta.schema_
    if schema is not None:
        schema = _inside(posixpath.join(folder, schema), f"{where}.meta.schema", found)
    problems += found
    return Dataset(
        name=name,
        path=path,
        schema=schema,
        key=tuple(parsed.meta.key),
        pii=tuple(parsed.meta.pii),
        desc=parsed.desc,
        csv=parsed.meta.csv.dialect,
        files=None if parsed.meta.files is None else parsed.meta.files.rules,
        renamed_from=parsed.meta.renamed_from,
        retired=parsed.meta.retired,
        declared=file,
    )


def _name_faults(datasets: Mapping[str, Dataset]) -> Iterator[Problem]:
    """Old names that are no old names."""
    for dataset in datasets.values():
        old = datasets.get(dataset.renamed_from or "")
        if old is None or dataset.retired is not None:
            continue
        what = (
            f"{old.name!r} is still declared: remove that entry, because a renamed dataset "
            "has only one"
        )
        if old is dataset:
            what = "this is the name of the dataset itself"
        elif old.retired is not None:
            what = f"{old.name!r} is declared as retired: a dataset is either renamed or retired"
        yield Problem(where=f"{dataset.where}.meta.renamed_from", what=what)


def _is_given(meta: MetaShape, key: str) -> bool:
    """A setting has a value that says something."""
    return bool(meta.csv.dialect.changes if key == "csv" else getattr(meta, _FIELDS.get(key, key)))


def declared_dialect(meta: object) -> CsvDialect | None:
    """What ``meta`` of a dataset says of its CSV files; None: nothing, or nothing that can be."""
    try:
        return CsvShape.model_validate(meta["csv"]).dialect if isinstance(meta, dict) else None
    except (KeyError, ValidationError):
        return None


def _inside(path: str, where: str, problems: list[Problem]) -> str:
    """``path`` as DVC spells it, or a problem where it leads out of the repository."""
    normal = posixpath.normpath(path.strip() or ".")
    fault = path_fault(normal) or (
        None if path.isprintable() else "it contains a control character"
    )
    if fault:
        what = f"expected a path inside the repository, but {fault}"
        problems.append(Problem(where=where, what=what))
    return normal

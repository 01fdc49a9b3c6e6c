"""A version as a Data Package (datapackage.org, version 2): its resources, dialects and schemas.

Paths are those of the repository, as ``datarelease get --metadata`` puts files beside this
description.
"""

from __future__ import annotations

import json
from typing import Any

from datarelease.metadata.facts import (
    DescribedColumn,
    DescribedDataset,
    VersionSources,
    local_path,
)
from datarelease.model.data.dataset import NA_STRINGS

DATAPACKAGE = "datapackage.json"
_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_MEDIA = {
    "csv": ("csv", "text/csv"),
    "jsonl": ("jsonl", "application/jsonlines"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "arrow": ("arrow", "application/vnd.apache.arrow.file"),
}
_DELIMITERS = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
_TYPES = {
    "bool": "boolean",
    "date": "date",
    "timestamp": "datetime",
    "time": "time",
    "duration": "duration",
    "string": "string",
    "float32": "number",
    "float64": "number",
    "decimal": "number",
}
"""Values with parts have no type here: each library hands them over as something else."""
_TEXT_FORMATS = frozenset({"csv", "jsonl"})


def datapackage(version: VersionSources) -> bytes:
    """The descriptor as JSON; equal versions give equal bytes."""
    manifest, citation = version.manifest, version.citation
    document: dict[str, Any] = {
        "$schema": _PROFILE,
        "name": manifest.tag.lower().replace("/", "-"),
        "id": f"sha256:{manifest.digest}",
        "title": version.title,
        "description": version.description_with_files,
        "version": version.semantic_version,
        "created": manifest.date,
    }
    document |= {
        key: value
        for key, value in {
            "homepage": citation.url if citation.url.startswith(("https://", "http://")) else "",
            "licenses": [{"name": citation.license}] if citation.license else [],
            "contributors": [{"title": name, "roles": ["creator"]} for name in citation.authors],
        }.items()
        if value
    }
    document["resources"] = [_resource(dataset) for dataset in version.described()]
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _resource(dataset: DescribedDataset) -> dict[str, Any]:
    places, files = list(map(local_path, dataset.places)), dataset.of_version.files
    found: dict[str, Any] = {
        "name": dataset.name,
        "path": places if len(places) != 1 else places[0],
        **({"description": dataset.desc} if dataset.desc else {}),
    }
    if len(files) == 1:
        found |= {"bytes": files[0].size, "hash": f"sha256:{files[0].sha256}"}
    if not dataset.is_table or dataset.format not in _MEDIA:
        return found
    found["type"] = "table"
    found["format"], found["mediatype"] = _MEDIA[dataset.format]
    if dataset.format in _TEXT_FORMATS:
        found["encoding"] = dataset.dialect.encoding
    if dataset.format == "csv" and (dialect := _dialect(dataset)):
        found["dialect"] = dialect
    found["schema"] = _schema(dataset)
    return found


def _dialect(dataset: DescribedDataset) -> dict[str, Any]:
    csv = dataset.dialect
    by_ending = next((c for end, c in _DELIMITERS.items() if end in dataset.places[0]), None)
    delimiter = csv.delimiter or by_ending
    found: dict[str, Any] = {"delimiter": delimiter} if delimiter else {}
    if csv.skip_rows:
        found["headerRows"] = [csv.skip_rows + 1]
    return found


def _schema(dataset: DescribedDataset) -> dict[str, Any]:
    # What folders alone say is in no file.
    columns = [column for column in dataset.columns if not column.partition]
    names = {column.name for column in columns}
    schema: dict[str, Any] = {"fields": [_field(dataset, column) for column in columns]}
    if dataset.of_version.key and names.issuperset(dataset.of_version.key):
        schema["primaryKey"] = list(dataset.of_version.key)
    if dataset.format == "csv":
        schema["missingValues"] = sorted(dataset.dialect.null_values or NA_STRINGS[:0])
    return schema


def _field(dataset: DescribedDataset, column: DescribedColumn) -> dict[str, Any]:
    kind = _TYPES.get(column.plain_type, "any")
    if column.plain_type.startswith(("int", "uint")):
        kind = "integer"
    field: dict[str, Any] = {"name": column.name, "type": kind}
    if dataset.format in _TEXT_FORMATS and kind in {"date", "datetime", "time"}:
        field["format"] = "any"
    if dataset.format == "csv" and kind in {"number", "integer"}:
        thousands = dataset.dialect.thousands
        field |= {"groupChar": thousands} if thousands else {}
        if kind == "number" and dataset.dialect.decimal != ".":
            field["decimalChar"] = dataset.dialect.decimal
    if column.pii:
        field["description"] = "Personal data."
    rules = {"required": column.required, "unique": column.unique}
    constraints = {rule: True for rule, holds in rules.items() if holds}
    return {**field, **({"constraints": constraints} if constraints else {})}

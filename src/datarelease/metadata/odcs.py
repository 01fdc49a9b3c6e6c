"""A version's promises as a contract of the Open Data Contract Standard (Bitol, 3.2)."""

from __future__ import annotations

from typing import Any

import yaml

from datarelease.metadata.facts import DescribedColumn, DescribedDataset, VersionSources

ODCS = "odcs.yaml"
_API_VERSION = "v3.2.0"
_TYPES = {
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "time": "time",
    "string": "string",
    "float32": "number",
    "float64": "number",
    "decimal": "number",
    "list": "array",
    "struct": "object",
    "map": "object",
}


def odcs(version: VersionSources) -> bytes:
    """The contract as YAML; equal versions give equal bytes."""
    manifest = version.manifest
    document: dict[str, Any] = {
        "apiVersion": _API_VERSION,
        "kind": "DataContract",
        "id": f"sha256:{manifest.digest}",
        "name": version.title,
        "version": version.semantic_version,
        "status": "active",
        "tags": [manifest.tag],
        "contractCreatedTs": manifest.date,
        "description": {"purpose": version.description},
        "schema": [_object(dataset) for dataset in version.described()],
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return str(text).encode("utf-8", "replace")


def _object(dataset: DescribedDataset) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": dataset.name,
        "physicalName": dataset.of_version.path,
        "physicalType": "table" if dataset.is_table else "file",
        "logicalType": "object",
    }
    if dataset.desc:
        found["description"] = dataset.desc
    if dataset.columns:
        found["properties"] = [_property(dataset, column) for column in dataset.columns]
    if dataset.checks:
        found["quality"] = [_text_check(check) for check in dataset.checks]
    return found


def _property(dataset: DescribedDataset, column: DescribedColumn) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "physicalType": column.type}
    kind = _TYPES.get(column.plain_type)
    if column.plain_type.startswith(("int", "uint")):
        kind = "integer"
    if kind:
        found["logicalType"] = kind
    key = dataset.of_version.key
    if column.name in key:
        found |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    found["required"] = column.required
    if column.unique:
        found["unique"] = True
    if column.partition:
        found["partitioned"] = True
    if column.pii:
        found["classification"] = "confidential"
        found["tags"] = ["pii"]
    if column.checks:
        found["quality"] = [_text_check(check) for check in column.checks]
    return found


def _text_check(check: str) -> dict[str, str]:
    return {"type": "text", "description": check}

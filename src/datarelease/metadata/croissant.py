"""A version as a Croissant 1.1 dataset (MLCommons): its files, and the columns of its tables.

Paths are those of the repository, as ``datarelease get --metadata`` puts files beside this
description: libraries then load the records from there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from datarelease.metadata.facts import (
    DescribedColumn,
    DescribedDataset,
    VersionSources,
    local_path,
)
from datarelease.model.data.dataset import DEFAULT_DIALECT
from datarelease.model.versions.manifest import ManifestFile

CROISSANT = "croissant.json"
_CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
_CR = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{name: f"cr:{name}" for name in _CR},
}
"""The context of the specification, "Croissant Format Specification", version 1.1."""
_FORMATS = {
    "csv": "text/csv",
    "jsonl": "application/jsonlines",
    "parquet": "application/x-parquet",
    "arrow": "application/vnd.apache.arrow.file",
}
_SEPARATED = {".tsv": "text/tab-separated-values", ".tab": "text/tab-separated-values"}
_ANYTHING = "application/octet-stream"
_TYPES = {
    "bool": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
    "time": "sc:Time",
    "string": "sc:Text",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
    "decimal": "sc:Float",
    **{f"int{bits}": f"cr:Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"cr:UInt{bits}" for bits in (8, 16, 32, 64)},
}
"""Types that records can hold; columns of other types are not listed."""


def croissant(version: VersionSources) -> bytes:
    """The description as JSON-LD; equal versions give equal bytes."""
    manifest, citation = version.manifest, version.citation
    described = list(version.described())
    personal = [f"{d.name}.{c.name}" for d in described for c in d.columns if c.pii]
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS_TO,
        "name": version.title,
        "description": version.description_with_files,
        "version": version.semantic_version,
        "datePublished": manifest.date,
        "alternateName": manifest.tag,
        "identifier": f"sha256:{manifest.digest}",
    }
    document |= {
        key: value
        for key, value in {
            "license": f"https://spdx.org/licenses/{quote(citation.license)}"
            if citation.license
            else next((name for name in version.files if name.startswith("LICENSE")), ""),
            "url": citation.url,
            "citeAs": citation.doi and f"https://doi.org/{quote(citation.doi, safe='/')}",
            "creator": [{"@type": "sc:Person", "name": name} for name in citation.authors],
            "rai:personalSensitiveInformation": personal,
        }.items()
        if value
    }
    document["distribution"] = [_distribution(dataset) for dataset in described]
    document["recordSet"] = [_records(d) for d in described if _is_loadable(d)]
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _distribution(dataset: DescribedDataset) -> dict[str, Any]:
    common = {"@id": dataset.name, "name": dataset.name}
    common |= {"description": dataset.desc} if dataset.desc else {}
    if not dataset.is_single:
        suffixes = {_suffix(place) for place in dataset.places} if dataset.is_table else {""}
        folder = re.sub(r"([*?[])", r"[\1]", dataset.of_version.path)
        includes = [f"{folder}/*{suffix}" for suffix in sorted(suffixes)]
        return {
            "@type": "cr:FileSet",
            **common,
            "encodingFormat": _encoding(dataset),
            "includes": includes if len(includes) > 1 else includes[0],
        }
    file: ManifestFile = dataset.of_version.files[0]
    path = dataset.of_version.path
    return {
        "@type": "cr:FileObject",
        **common,
        "contentUrl": local_path(path),
        "contentSize": f"{file.size} B",
        "encodingFormat": _encoding(dataset),
        "sha256": file.sha256,
    }


def _suffix(place: str) -> str:
    name = place.rpartition("/")[2]
    return name[name.find(".") :] if "." in name else ""


def _encoding(dataset: DescribedDataset) -> str | list[str]:
    if not dataset.is_table:
        kinds = list(dataset.content_types) or [_ANYTHING]
        return kinds if len(kinds) > 1 else kinds[0]
    first = dataset.places[0] if dataset.places else ""
    for suffix, kind in _SEPARATED.items():
        if suffix in _suffix(first):
            return kind
    return _FORMATS.get(dataset.format, _ANYTHING)


def _is_loadable(dataset: DescribedDataset) -> bool:
    """Whether a reader that knows the format alone gets the values that were checked."""
    if not dataset.is_table or dataset.format not in {"csv", "jsonl", "parquet"}:
        return False
    if any(place.endswith((".zst", ".psv", ".psv.gz")) for place in dataset.places):
        return False
    told = dataset.dialect.changes.keys() - {"null_values"}
    plain = dataset.dialect.delimiter in {None, ","} and told <= {"delimiter"}
    return dataset.format != "csv" or dataset.dialect == DEFAULT_DIALECT or plain


def _records(dataset: DescribedDataset) -> dict[str, Any]:
    key = [{"@id": _id(dataset, name)} for name in dataset.of_version.key]
    listed = {column.name for column in _listed(dataset)}
    records: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": f"{dataset.name}/records",
        "name": f"{dataset.name}/records",
    }
    if dataset.of_version.key and listed.issuperset(dataset.of_version.key):
        records["key"] = key if len(key) > 1 else key[0]
    records["field"] = [_field(dataset, column) for column in _listed(dataset)]
    return records


def _listed(dataset: DescribedDataset) -> Iterator[DescribedColumn]:
    return (column for column in dataset.columns if column.plain_type in _TYPES)


def _id(dataset: DescribedDataset, column: str) -> str:
    return f"{dataset.name}/records/{quote(column, safe='')}"


def _field(dataset: DescribedDataset, column: DescribedColumn) -> dict[str, Any]:
    where = {"fileObject" if dataset.is_single else "fileSet": {"@id": dataset.name}}
    source: dict[str, Any] = {**where, "extract": {"column": column.name}}
    if column.partition:
        source = {
            **where,
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": f"(?:.*/)?{re.escape(column.name)}=([^/]*)/.*"},
        }
    return {
        "@type": "cr:Field",
        "@id": _id(dataset, column.name),
        "name": column.name,
        **({"description": "Personal data."} if column.pii else {}),
        "dataType": _TYPES[column.plain_type],
        "source": source,
    }

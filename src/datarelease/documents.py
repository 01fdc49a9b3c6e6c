"""JSON documents of the model, written and read strictly.

Reading refuses unknown properties and wrong types, so that a document from elsewhere (an artifact
of a pull request, say) is either exactly what the model says or an error. Pydantic does the work;
the model itself stays plain dataclasses.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from datarelease.model.data.files import FilesProfile
from datarelease.model.data.profile import Profile
from datarelease.model.versions.index import VersionIndex, index_faults
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.manifest_faults import manifest_faults

_T = TypeVar("_T")


class DocumentError(Exception):
    """A document is not what the model says; the message names the place and the fault."""


def to_json(value: object) -> Any:
    """``value`` (a dataclass of the model) as plain JSON data, every field there.

    Only a profile leaves out what does not apply to a column: it lives in git, with hundreds of
    columns if need be.
    """
    sparse = isinstance(value, Profile)
    data = _adapter(type(value)).dump_python(value, mode="json", exclude_defaults=sparse)
    return {"format": value.format, **data} if isinstance(value, Profile) else data


def encode(value: object) -> str:
    """``value`` as a JSON text that ends in a newline; equal values give equal bytes.

    A profile is written with its columns as an object, one column a line: ``dvc metrics diff``
    then names them, and ``git diff`` shows only the columns that changed.
    """
    data = to_json(value)
    if not isinstance(value, Profile):
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    columns = ",\n".join(
        f"  {_line(column.pop('name'))}: {_line(column)}" for column in data.pop("columns", [])
    )
    head = "".join(f"{_line(key)}: {_line(item)}, " for key, item in data.items())
    return f'{{{head}"columns": {{\n{columns}\n}}}}\n'


def encode_compact(value: object) -> bytes:
    """``value`` as JSON on one line, for programs; equal values give equal bytes."""
    return _adapter(type(value)).dump_json(value)


def encode_manifest(manifest: Manifest) -> bytes:
    """A manifest in JSON, written without a copy of it as Python values.

    With a hundred thousand files that copy is several times the document. A manifest has no
    numbers but integers, which alone every writer of JSON spells in the same way.
    """
    # What earlier readers do not know is written only where it says something.
    unsaid: dict[str, Any] = {} if manifest.retired else {"retired": True}
    unsaid["datasets"] = {
        place: {"renamed_from"}
        for place, dataset in enumerate(manifest.datasets)
        if dataset.renamed_from is None
    }
    return _adapter(Manifest).dump_json(manifest, indent=2, exclude=unsaid) + b"\n"


def decode(cls: type[_T], text: str | bytes) -> _T:
    """The value of class ``cls`` that ``text`` stands for.

    Raises:
        DocumentError: Not JSON, an unknown property, a missing one or one of the wrong type.
    """
    try:
        if cls is Profile:
            text = _columns_as_list(text)
        value: _T | None = _adapter(cls).validate_json(text, strict=True)
    except ValidationError as error:
        raise DocumentError(_first_fault(error)) from error
    except (ValueError, LookupError, RecursionError, TypeError, AttributeError) as error:
        raise DocumentError(
            f"it is not JSON of the kind {_kind(cls)!r} ({type(error).__name__})"
        ) from error
    if value is None:
        raise DocumentError(f"it is not JSON of the kind {_kind(cls)!r}: the document is null")
    return value


def _kind(cls: type) -> str:
    """The kind of a document in words: ``files profile``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()


def _first_fault(error: Exception) -> str:
    """The first fault of a document: where it is, and what."""
    if not isinstance(error, ValidationError):
        return type(error).__name__
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the document"
    return f"{where}: {first['msg']}"


def decode_statistics(text: str | bytes) -> Profile | FilesProfile:
    """The statistics of a table or of a dataset of files, whichever ``text`` stands for.

    Raises:
        DocumentError: As ``decode``.
    """
    return decode(FilesProfile, text) if _is_of_files(text) else decode(Profile, text)


def _is_of_files(text: str | bytes) -> bool:
    """Only statistics of a table have columns; what is no JSON is refused as those."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "columns" not in found and "files" in found


def decode_or_none(cls: type[_T], text: str | bytes | None) -> _T | None:
    """As ``decode``; None: there is no text, or it stands for no such value."""
    try:
        return decode(cls, text) if text is not None else None
    except DocumentError:
        return None


def decode_manifest(text: str | bytes) -> Manifest:
    """The manifest that ``text`` stands for, whoever wrote it.

    Raises:
        DocumentError: As ``decode``, or it has names of files, hashes or sizes that no release
            writes.
    """
    manifest = decode(Manifest, text)
    fault = next(manifest_faults(manifest), None)
    if fault:
        raise DocumentError(fault)
    return manifest


def decode_index(text: str | bytes) -> VersionIndex:
    """The index of versions that ``text`` stands for, whoever wrote it.

    Properties that are not known are left out: a later release of this tool may have written it.

    Raises:
        DocumentError: Not such an index, one of a later format, or it has names that no tag has.
    """
    try:
        index = _adapter_of_indexes().validate_json(text, strict=True)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"it is not an index of versions: {_first_fault(error)}") from error
    if index.format != VersionIndex.format:
        raise DocumentError(
            f"it has format {index.format}, but this version of datarelease reads only format "
            f"{VersionIndex.format}"
        )
    fault = next(index_faults(index), None)
    if fault:
        raise DocumentError(fault)
    return index


@cache
def _adapter_of_indexes() -> TypeAdapter[VersionIndex]:
    """Without the configuration of `_adapter`, which forbids what is not known."""
    return TypeAdapter(VersionIndex)


def _columns_as_list(text: str | bytes) -> str:
    data = json.loads(text)
    data["columns"] = [{"name": name, **column} for name, column in data["columns"].items()]
    return json.dumps(data)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def json_schema(cls: type, *, open_ended: bool = False) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the documents of class ``cls``, described by its code.

    ``open_ended`` lets documents have properties that are not known, as their reader does.
    """
    config = ConfigDict(use_attribute_docstrings=True)
    if not open_ended:
        config["extra"] = "forbid"
    of: Any = cls | None  # as in `_adapter`
    found = TypeAdapter(of, config=config).json_schema()
    parts = found["$defs"]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **parts.pop(cls.__name__),
        "$defs": parts,
    }
    if cls is Profile:  # columns are an object in the document, see `encode`
        column = parts["ColumnProfile"]
        del column["properties"]["name"]
        column["required"].remove("name")
        columns = schema["properties"]["columns"]
        columns |= {"type": "object", "additionalProperties": columns.pop("items")}
    return schema


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""Building an adapter takes milliseconds, and one document is often read hundreds of times."""


def _adapter(cls: Any) -> TypeAdapter[Any]:
    if cls not in _ADAPTERS:
        # A union hands the configuration down to plain dataclasses, which a bare class does not.
        _ADAPTERS[cls] = TypeAdapter(cls | None, config=ConfigDict(extra="forbid"))
    return _ADAPTERS[cls]

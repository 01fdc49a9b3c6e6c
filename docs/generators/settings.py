"""The tables of settings, from the shapes that check them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from datarelease.model.review.policy import AppendOnly, Limit, Policy, RowBounds
from datarelease.settings.channels_shape import ChannelShape
from datarelease.settings.csv_shape import CsvShape
from datarelease.settings.files_shape import FilesShape
from datarelease.settings.notify_shape import NotifyShape
from datarelease.settings.policy_shape import (
    AppendOnlyShape,
    ColumnLimitShape,
    DatasetLimitShape,
    PolicyShape,
    RowsShape,
    WaiverShape,
)
from datarelease.settings.shapes import (
    ArtifactShape,
    MetaShape,
    ProposeShape,
    ReleaseShape,
    StreamShape,
)
from generators.docstrings import attribute_docs
from generators.json_schemas import type_of
from generators.markdown import code, prose, table

_BY_DEFAULT = {"null_values": "those of pandas"}
"""Defaults that are said otherwise than by their value."""
_LINKS = {
    "remotes": "[remotes](remotes.md)",
    "engine": "[scale](scale.md)",
    "staging": "[staging](remotes/staging.md)",
    "export": "[readable paths](remotes/readable-paths.md)",
    "stage_environment": "[what stages see](security/stages.md)",
    "rows_budget": "[all rows behind a finding](use/rows.md)",
    "policy": "[policy](#policy-paramsyaml-releasepolicy)",
    "streams": "[events](data/events.md)",
    "announce": "[events](data/events.md)",
    "site": "[catalogue](use/catalogue.md)",
    "notify": "[webhooks](use/notify.md#webhooks)",
    "channels": "[channels](use/channels.md)",
    "csv": "[`meta.csv`](#csv-files-metacsv)",
    "files": "[datasets of files](files.md)",
    "renamed_from": "[the life of a dataset](operate/rename-split-retire.md)",
    "retired": "[the life of a dataset](operate/rename-split-retire.md)",
}
"""Pages that say more about a setting, by its key."""


def release_table() -> str:
    """The keys of ``release:`` in params.yaml."""
    return _table(ReleaseShape, "")


def artifact_table() -> str:
    """The keys of an artifact in dvc.yaml, and of its ``meta``."""
    rows = [row for row in _rows(ArtifactShape, "") if row[0] != code("meta")]
    kind = (code("type"), "`dataset`", "", "Makes the entry a dataset; other entries are ignored.")
    return _as_table([kind, *rows, *_rows(MetaShape, "meta.")])


def csv_table() -> str:
    """The keys of ``meta.csv``."""
    return _table(CsvShape, "")


def files_table() -> str:
    """The keys of ``meta.files``."""
    return _table(FilesShape, "")


def stream_table() -> str:
    """The keys of an entry of ``release.streams``."""
    return _as_table([
        *(row for row in _rows(StreamShape, "") if row[0] != code("propose")),
        *_rows(ProposeShape, "propose."),
    ])  # fmt: skip


def notify_table() -> str:
    """The keys of an entry of ``release.notify``."""
    return _table(NotifyShape, "")


def channel_table() -> str:
    """The keys of an entry of ``release.channels``."""
    return _table(ChannelShape, "")


def waiver_table() -> str:
    """The keys of an entry of ``allow_breaking``."""
    return _table(WaiverShape, "")


def policy_table() -> str:
    """The rules with their defaults."""
    docs = attribute_docs(PolicyShape)
    rows = [(code(name), prose(docs[name]), *_rule(name)) for name in PolicyShape.model_fields]
    return table(("rule", "what it limits", "default", "level"), rows)


def _rule(name: str) -> tuple[str, str]:
    """The default of a rule, and its level."""
    given = getattr(Policy(), name, None)
    if isinstance(given, Limit):
        return ("off" if given.max is None else code(f"max: {given.max:g}")), given.level
    if isinstance(given, AppendOnly):
        return code(f"streams: {json.dumps(given.streams)}"), given.level
    if isinstance(given, RowBounds):
        return code(f"min: {given.min}"), given.level
    if isinstance(given, str):
        return "", given
    return code(json.dumps(PolicyShape.model_fields[name].default)), ""


def rule_table() -> str:
    """The keys of a rule, with the rules that have them."""
    rows = []
    for shape in (ColumnLimitShape, DatasetLimitShape, RowsShape, AppendOnlyShape):
        rules = [
            code(name)
            for name, field in PolicyShape.model_fields.items()
            if shape.__name__ in str(field.annotation)
        ]
        rows += [(", ".join(rules), key, kind, text) for key, kind, _, text in _rows(shape, "")]
    return table(("rules", "key", "type", "meaning"), rows)


def _table(shape: type[BaseModel], prefix: str) -> str:
    return _as_table(list(_rows(shape, prefix)))


def _as_table(rows: list[tuple[str, str, str, str]]) -> str:
    return table(("key", "type", "default", "meaning"), rows)


def _rows(shape: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    docs = attribute_docs(shape)
    schema = shape.model_json_schema(by_alias=True)
    for name, field in shape.model_fields.items():
        key = field.alias or name
        kind = type_of(schema["properties"][key], _plain(schema)).removesuffix(" or null")
        link = _LINKS.get(key) if shape is not FilesShape else None
        more = f" See {link}." if link else ""
        yield code(prefix + key), kind, _default(key, field), prose(docs[name]) + more


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The definitions of a schema, where an object is an object: its keys have a table."""
    return {
        name: {key: value for key, value in part.items() if key != "properties"}
        for name, part in schema.get("$defs", {}).items()
    }


def _default(key: str, field: FieldInfo) -> str:
    if _BY_DEFAULT.get(key):
        return _BY_DEFAULT[key]
    if field.is_required():
        return "required"
    value = field.default
    if value is None or isinstance(value, BaseModel) or value in ([], {}, ""):
        return "none"
    return code(json.dumps(value, ensure_ascii=False).strip('"'))

"""An inferred table as a schema file in Pandera's YAML format, with hints as comments."""

from __future__ import annotations

from collections.abc import Iterator

from datarelease.analysis.inference.infer import Inferred, InferredColumn
from datarelease.model.adoption import yaml_text

_HEAD = """\
# What {path} promises, as a Pandera schema in Pandera's own YAML format.
# `datarelease init` inferred it from the data of one day, as a start for you to edit. It holds
# types, missing values, keys and lists of few values; what else was seen is in comments, since
# tomorrow's data may differ: remove the `#` to make it a check, with the bounds that you mean.
# Every violation blocks a release. More checks: str_matches, str_length, isin, greater_than, ...
schema_type: dataframe
api: pandas
name: {name}
# strict: true  # then a column that is not named here is a violation
"""


def schema_yaml(inferred: Inferred, *, name: str, path: str) -> str:
    """The text of a schema file that the very table passes and `load_schema` accepts."""
    single = inferred.key[0] if len(inferred.key) == 1 else None
    head = _HEAD.format(path=yaml_text(path), name=yaml_text(name))
    if len(inferred.key) > 1:
        head += f"unique: [{', '.join(map(yaml_text, inferred.key))}]  # together\n"
    lines = [head + "columns:"]
    for column in inferred.columns:
        # No range of ids, because later versions have new ones.
        silent = column.name in {*inferred.pii, *inferred.found_key.columns}
        lines += _column(column, unique=column.name == single, silent=silent)
    return "\n".join(lines) + "\n"


def _column(column: InferredColumn, *, unique: bool, silent: bool) -> Iterator[str]:
    said = list(_attributes(column, unique=unique, silent=silent))
    # A column without any attribute is `{}`: it has to be there, whatever its values.
    empty = all(line.startswith("#") for line in said)
    yield f"  {yaml_text(column.name)}:{' {}' if empty else ''}"
    yield from (f"    {line}" for line in said)


def _attributes(column: InferredColumn, *, unique: bool, silent: bool) -> Iterator[str]:
    if column.dtype is None:
        yield "# dtype: its values do not show it"
    else:
        yield f"dtype: {column.dtype}"
    if column.nulls:
        yield "nullable: true"
    if unique:
        yield "unique: true"
    if column.categories:
        yield f"isin: [{', '.join(map(yaml_text, column.categories))}]"
    if silent:
        return
    if column.low is not None and column.high is not None:
        yield f"# in_range: {{min_value: {column.low}, max_value: {column.high}}}  # was seen"

"""The shape of ``release.policy``, with its shorthands."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from datarelease.model.review.policy import Level


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


def _short(value: object) -> object:
    """``psi: 0.3`` for ``psi: {max: 0.3}``, and ``psi: false`` to switch a rule off."""
    if value is False or value is None:
        return {"max": None}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"max": value}
    return value


def _off(value: object) -> object:
    return None if value is False else value


def _none_as_empty(value: object) -> object:
    return [] if value is False or value is None else value


def _append_only(value: object) -> object:
    """``append_only: false`` for ``{streams: false}``, ``append_only: warn`` for the level."""
    if value is False:
        return {"streams": False}
    return {"level": value} if isinstance(value, str) else value


Measure = Annotated[float | None, Field(ge=0, allow_inf_nan=False)]
Override = Annotated[Measure, BeforeValidator(_off)]
Count = Annotated[int | None, Field(ge=0)]


class ColumnLimitShape(_Strict):
    """A limit with overrides by column."""

    max: Measure = None
    """The largest value that is allowed. `null` or `false` switches the rule off."""
    level: Level | None = None
    """`warn` shows a finding; `block` also keeps the change from being released."""
    columns: dict[str, Override] = {}
    """Limits for single columns, by `column` or `dataset.column`; `false` switches the rule off
    there."""


class DatasetLimitShape(_Strict):
    """A limit with overrides by dataset."""

    max: Measure = None
    """The largest value that is allowed. `null` or `false` switches the rule off."""
    level: Level | None = None
    """`warn` shows a finding; `block` also keeps the change from being released."""
    datasets: dict[str, Override] = {}
    """Limits for single datasets, by name; `false` switches the rule off there."""


class BoundsShape(_Strict):
    """Fewest and most rows, or files."""

    min: Count = 1
    """The smallest number that is allowed; `null`: no lower bound."""
    max: Count = None
    """The largest number that is allowed; `null`: no upper bound."""


class RowsShape(BoundsShape):
    """Fewest and most rows, or files, with overrides by dataset."""

    level: Level = "block"
    """`warn` shows a finding; `block` also keeps the change from being released."""
    datasets: dict[str, BoundsShape] = {}
    """Bounds for single datasets, by name; each has its own `min` and `max`."""


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class WaiverShape(_Strict):
    """A change that is allowed once: an entry of ``allow_breaking``."""

    what: _Text
    """The dataset, or `dataset.column`, whose breaking change is allowed. A renamed column has its
    old name."""
    until: _Text
    """The last version that the waiver holds for, such as `data-v5`."""
    reason: _Text
    """Why the change is intended. The report shows it."""


class AppendOnlyShape(_Strict):
    """Datasets that keep every released row."""

    level: Level = "block"
    """`warn` shows a finding; `block` also keeps the change from being released."""
    streams: bool = True
    """Whether the rule holds for every dataset that a stream feeds."""
    datasets: dict[str, bool] = {}
    """The rule for single datasets, by name: `true` or `false`."""


class PolicyShape(_Strict):
    """``release.policy``."""

    violations: Level = "block"
    """Checks of the schema that failed."""
    breaking: Level = "block"
    """Breaking changes, unless `allow_breaking` names them."""
    allow_breaking: Annotated[list[WaiverShape], BeforeValidator(_none_as_empty)] = []
    """Waivers: a list of intended breaking changes."""
    append_only: Annotated[AppendOnlyShape, BeforeValidator(_append_only)] = AppendOnlyShape()
    """Rows or parts of a dataset that were removed or changed, where a stream feeds it."""
    rows: RowsShape = RowsShape()
    """The number of rows of a table; `min: 1` means that it must not be empty."""
    row_loss: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    """The share of rows that went missing, from 0 to 1."""
    row_gain: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    """The growth of a table, as a share of the rows before."""
    files: RowsShape = RowsShape()
    """The number of files of a dataset of files."""
    file_loss: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    """The share of files that went missing, from 0 to 1. A renamed file is not missing."""
    bytes_gain: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    """The growth of a dataset of files, as a share of the bytes before."""
    null_rate: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    """The rise of the share of nulls in a column: 0.05 is 5 percentage points."""
    psi: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    """The population stability index of a column."""
    ks: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    """The Kolmogorov-Smirnov statistic of a column of numbers or times, from 0 to 1."""
    js: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    """The Jensen-Shannon divergence of a column, from 0 to 1."""
    dead_letters: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    """The share of new records of a stream that break the schema, from 0 to 1."""
    lost_events: Level = "warn"
    """Events that the broker deleted before they were read."""
    auto_merge: bool = False
    """Whether `datarelease ingest merge` may merge a pull request made from events, where the
    verdict is `pass` and the change is a `patch`."""

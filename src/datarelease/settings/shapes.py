"""The shape of the settings in ``dvc.yaml`` and ``params.yaml``, with their shorthands.

Pydantic checks types, ranges and unknown keys; what one setting means for another is not said here.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from datarelease.model.data.dataset import DATASET_NAME
from datarelease.model.data.stream import EventFormat
from datarelease.model.review.policy import Level
from datarelease.model.review.row_files import ROWS_BUDGET
from datarelease.model.stage_environment import is_never_passed
from datarelease.model.versions.channel import ends_like_channel
from datarelease.model.versions.version import DEFAULT_PREFIX
from datarelease.progress import TIMEOUT
from datarelease.settings.channels_shape import ChannelName, ChannelShape
from datarelease.settings.csv_shape import CsvShape
from datarelease.settings.files_shape import FilesShape, no_rules
from datarelease.settings.notify_shape import NotifyShape


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


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


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
    level: Level | None = None
    columns: dict[str, Override] = {}


class DatasetLimitShape(_Strict):
    """A limit with overrides by dataset."""

    max: Measure = None
    level: Level | None = None
    datasets: dict[str, Override] = {}


class BoundsShape(_Strict):
    """Fewest and most rows, or files."""

    min: Count = 1
    max: Count = None


class RowsShape(BoundsShape):
    """Fewest and most rows, or files, with overrides by dataset."""

    level: Level = "block"
    datasets: dict[str, BoundsShape] = {}


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class WaiverShape(_Strict):
    """A change that is allowed once: an entry of ``allow_breaking``."""

    what: _Text
    until: _Text
    reason: _Text


class AppendOnlyShape(_Strict):
    """Datasets that keep every released row."""

    level: Level = "block"
    streams: bool = True
    datasets: dict[str, bool] = {}


class PolicyShape(_Strict):
    """``release.policy``."""

    violations: Level = "block"
    breaking: Level = "block"
    allow_breaking: Annotated[list[WaiverShape], BeforeValidator(_none_as_empty)] = []
    append_only: Annotated[AppendOnlyShape, BeforeValidator(_append_only)] = AppendOnlyShape()
    rows: RowsShape = RowsShape()
    row_loss: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    row_gain: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    files: RowsShape = RowsShape()
    file_loss: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    bytes_gain: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    null_rate: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    psi: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    ks: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    js: Annotated[ColumnLimitShape | None, BeforeValidator(_short)] = None
    dead_letters: Annotated[DatasetLimitShape | None, BeforeValidator(_short)] = None
    lost_events: Level = "warn"
    auto_merge: bool = False


def _ref_name(value: object) -> object:
    # git-check-ref-format: what no part of a tag's name may hold, or begin or end with.
    if isinstance(value, str) and re.search(r"\.\.|//|/\.|\.lock/|\./", value):
        raise ValueError("a git tag cannot begin with this")
    if isinstance(value, str) and ends_like_channel(value):
        raise ValueError("tags with this beginning are reserved for channels")
    return value


_Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
"""As Kafka allows: ``org.apache.kafka.common.internals.Topic``."""


class ProposeShape(_Strict):
    """When a pull request is due."""

    events: Annotated[int, Field(ge=1)] = 100_000
    minutes: Annotated[int, Field(ge=1)] = 60


class StreamShape(_Strict):
    """An entry of ``release.streams``, named after the dataset that it feeds."""

    topic: _Topic
    format: EventFormat = "json"
    time: str | None = None
    late_minutes: Annotated[int, Field(ge=0)] = 60
    batch: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000
    propose: ProposeShape = ProposeShape()
    dead_letters: _Topic | None = None
    holes: bool = False


def _passable(name: str) -> str:
    if is_never_passed(name):
        raise ValueError("this variable is never passed to stages")
    return name


Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_passable)]
"""The name of an environment variable that stages may see."""


EngineName = Literal["duckdb", "spark"]


def _site_address(value: str) -> str:
    """With a slash at its end, so that the path of a page can follow."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or not value.isascii():
        raise ValueError("expected the address of a site: https://HOST/ or https://HOST/PATH/")
    if parts.query or parts.fragment or not re.fullmatch(r"[!-~]+", value):
        raise ValueError("expected an address without ?, # and spaces")
    return value if value.endswith("/") else f"{value}/"


class ReleaseShape(_Strict):
    """``release:`` of params.yaml."""

    tag_prefix: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9_-])?$", max_length=100),
        BeforeValidator(_ref_name),
    ] = DEFAULT_PREFIX
    remotes: Annotated[list[str], BeforeValidator(_as_list)] = []
    engine: EngineName = "duckdb"
    require_review: bool = False
    staging: str | None = None
    export: bool = False
    stage_environment: Annotated[list[Variable], BeforeValidator(_as_list)] = []
    timeout: Annotated[float, Field(ge=1, le=3600, allow_inf_nan=False)] = TIMEOUT
    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?[KMGT]i?B$")] = "2GB"
    rows_budget: Annotated[int, Field(ge=0)] = ROWS_BUDGET
    policy: PolicyShape = PolicyShape()
    streams: dict[str, StreamShape] = {}
    announce: _Topic | None = None
    site: Annotated[str, AfterValidator(_site_address)] | None = None
    notify: list[NotifyShape] = []
    channels: dict[ChannelName, ChannelShape] = {}


class MetaShape(BaseModel):
    """``meta:`` of a dataset."""

    # DVC leaves `meta` to everybody; other tools' keys are none of our business.
    model_config = ConfigDict(extra="ignore", strict=True)
    schema_: Annotated[str | None, Field(alias="schema")] = None
    key: Annotated[list[str], BeforeValidator(_as_list)] = []
    pii: Annotated[list[str], BeforeValidator(_as_list)] = []
    csv: CsvShape = CsvShape()
    files: Annotated[FilesShape | None, BeforeValidator(no_rules)] = None
    renamed_from: Annotated[str | None, Field(pattern=f"^{DATASET_NAME.pattern}$")] = None
    retired: _Text | None = None


class ArtifactShape(BaseModel):
    """An entry of ``artifacts:`` with ``type: dataset``."""

    model_config = ConfigDict(extra="ignore", strict=True)
    path: str
    desc: str = ""
    meta: MetaShape = MetaShape()

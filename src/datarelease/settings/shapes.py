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
from datarelease.model.review.row_files import ROWS_BUDGET
from datarelease.model.stage_environment import is_never_passed
from datarelease.model.versions.channel import ends_like_channel
from datarelease.model.versions.version import DEFAULT_PREFIX
from datarelease.progress import TIMEOUT
from datarelease.settings.channels_shape import ChannelName, ChannelShape
from datarelease.settings.csv_shape import CsvShape
from datarelease.settings.files_shape import FilesShape, no_rules
from datarelease.settings.notify_shape import NotifyShape
from datarelease.settings.policy_shape import PolicyShape


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


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
    """A pull request is due when this many events wait."""
    minutes: Annotated[int, Field(ge=1)] = 60
    """A pull request is due when an event has waited for this many minutes."""


class StreamShape(_Strict):
    """An entry of ``release.streams``, named after the dataset that it feeds."""

    topic: _Topic
    """The Kafka topic that feeds the dataset."""
    format: EventFormat = "json"
    """The format of the events: `json`, or `avro` with a schema registry."""
    time: str | None = None
    """The column with the time of an event, from which the report tells how late events are."""
    late_minutes: Annotated[int, Field(ge=0)] = 60
    """An event is late if it arrives more than this many minutes after its time."""
    batch: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000
    """The largest number of offsets in one batch, which becomes one part file."""
    propose: ProposeShape = ProposeShape()
    """When a pull request is due."""
    dead_letters: _Topic | None = None
    """The topic that dead letters are sent to after a release; none: they stay in the repository's
    data."""
    holes: bool = False
    """Whether offsets without a record are allowed, as in a compacted topic."""


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
    """What comes before the number in tags."""
    remotes: Annotated[list[str], BeforeValidator(_as_list)] = []
    """Names of the DVC remotes that must hold every object before a tag is made. Empty: DVC's
    default remote."""
    engine: EngineName = "duckdb"
    """What computes: `duckdb`, inside the command, or `spark`, on a cluster or with Sail on this
    machine. The results are the same."""
    require_review: bool = False
    """Whether data that nobody reviewed is refused (exit 4): a commit without a pull request, or a
    pull request without a recorded report."""
    staging: str | None = None
    """The DVC remote that carries the data from the build to the job that publishes, for data that
    is too large for an artifact."""
    export: bool = False
    """Whether every version is also copied to readable paths on the remotes."""
    stage_environment: Annotated[list[Variable], BeforeValidator(_as_list)] = []
    """Environment variables that stages may see although they are keys or tokens. Those of the
    workflow and of publishing cannot be named."""
    timeout: Annotated[float, Field(ge=1, le=3600, allow_inf_nan=False)] = TIMEOUT
    """Seconds that a git remote or an object store may be silent before the command ends with exit
    3. Transfers that go on have no limit."""
    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?[KMGT]i?B$")] = "2GB"
    """The memory of the engine. Beyond it, the engine spills to disk."""
    rows_budget: Annotated[int, Field(ge=0)] = ROWS_BUDGET
    """The number of rows in each file of rows that a check writes. `0`: it writes none."""
    policy: PolicyShape = PolicyShape()
    """The rules that decide whether a change passes, warns or is blocked."""
    streams: dict[str, StreamShape] = {}
    """Kafka topics that feed datasets, by the name of the dataset."""
    announce: _Topic | None = None
    """The Kafka topic that every release is published to."""
    site: Annotated[str, AfterValidator(_site_address)] | None = None
    """The address at which the catalogue is published, such as `https://acme.github.io/data/`;
    `init` then writes the workflow that publishes it."""
    notify: list[NotifyShape] = []
    """Webhooks that are sent a message about each release."""
    channels: dict[ChannelName, ChannelShape] = {}
    """The version that each channel is set to after a merge, by the name of the channel."""


class MetaShape(BaseModel):
    """``meta:`` of a dataset."""

    # DVC leaves `meta` to everybody; other tools' keys are none of our business.
    model_config = ConfigDict(extra="ignore", strict=True)
    schema_: Annotated[str | None, Field(alias="schema")] = None
    """The Pandera schema: a YAML file in Pandera's own format, or a Python file with a
    `DataFrameSchema` or a `DataFrameModel`. Without it, only the key is checked."""
    key: Annotated[list[str], BeforeValidator(_as_list)] = []
    """The columns that together identify a row. They must be unique and not null; rows are
    compared by them."""
    pii: Annotated[list[str], BeforeValidator(_as_list)] = []
    """Columns whose values are shown in no report, log, manifest or tag."""
    csv: CsvShape = CsvShape()
    """How the CSV files are written, where that is not the default."""
    files: Annotated[FilesShape | None, BeforeValidator(no_rules)] = None
    """Declares a dataset of files, with rules for each file. `true`: without rules."""
    renamed_from: Annotated[str | None, Field(pattern=f"^{DATASET_NAME.pattern}$")] = None
    """The name that the dataset had before."""
    retired: _Text | None = None
    """Why the dataset was retired. Such an entry declares no data."""


class ArtifactShape(BaseModel):
    """An entry of ``artifacts:`` with ``type: dataset``."""

    model_config = ConfigDict(extra="ignore", strict=True)
    path: str
    """The file or directory with the data, from the folder of this dvc.yaml."""
    desc: str = ""
    """A description, which the report shows."""
    meta: MetaShape = MetaShape()
    """What datarelease has to know about the dataset."""

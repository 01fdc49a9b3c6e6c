"""Settings: the datasets of ``dvc.yaml`` and the ``release:`` section of ``params.yaml``.

All problems are collected and shown together, each with its dotted path and, for a misspelt name,
the nearest known one. Pydantic checks the shape; the result is plain model values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from datarelease.errors import Problem, SettingsError
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import Stream
from datarelease.model.review.policy import Policy
from datarelease.model.review.row_files import ROWS_BUDGET
from datarelease.model.versions.channel import DeclaredChannel
from datarelease.model.versions.version import DEFAULT_PREFIX, TagGrammar
from datarelease.model.webhook import Webhook
from datarelease.model.wording import nearest_name
from datarelease.progress import TIMEOUT
from datarelease.settings.artifacts import DATASETS_FILE, read_datasets
from datarelease.settings.channels_shape import ChannelShape
from datarelease.settings.faults import problems_of, unknown
from datarelease.settings.places import PARAMS_FILE, SECTION
from datarelease.settings.policy import new_form, read_policy
from datarelease.settings.shapes import (
    EngineName,
    ReleaseShape,
    StreamShape,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a user can set, checked."""

    datasets: tuple[Dataset, ...]
    retired: tuple[Dataset, ...] = ()
    """Declarations of what is no dataset any more, with the reason; nothing of them is read."""
    tags: TagGrammar
    remotes: tuple[str, ...]
    """Remotes that must hold every version; empty: DVC's default remote."""
    require_review: bool
    """Data that nobody reviewed is not released."""
    staging: str | None
    """The DVC remote that carries data to the job that publishes; None: an artifact does."""
    export: bool = False
    """Readable paths of every version are made on the remotes."""
    engine: EngineName
    """What computes validation, profile and row diff."""
    memory_limit: str
    """For the engine, in DuckDB's spelling, such as ``2GB``."""
    timeout: float = TIMEOUT
    """Seconds that a git remote or an object store may be silent."""
    rows_budget: int = ROWS_BUDGET
    """Rows of each file of rows that a check leaves beside its report; 0: it leaves none."""
    policy: Policy
    streams: tuple[Stream, ...] = ()
    stage_environment: tuple[str, ...] = ()
    """Variables that stages see although they are tokens or keys."""
    announce: str | None = None
    """Topic that every release is published to; None: none."""
    site: str | None = None
    """Where the catalogue is published, with a slash at its end; None: nowhere."""
    channels: tuple[DeclaredChannel, ...] = ()
    """What a release sets after it was merged."""
    notify: tuple[Webhook, ...] = ()
    """Who is sent word of how a release ended."""

    def stream(self, name: str) -> Stream | None:
        """The stream that feeds the dataset called ``name``, or None."""
        return next((stream for stream in self.streams if stream.name == name), None)

    def dataset(self, name: str) -> Dataset | None:
        """The dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


def read_settings(
    dvc_yaml: Mapping[str, Any],
    params_yaml: Mapping[str, Any],
    below: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Settings:
    """The settings in the parsed files; ``below`` are other ``dvc.yaml`` that declare artifacts.

    Raises:
        SettingsError: With every problem found in both.
    """
    problems: list[Problem] = []
    declared = read_datasets({DATASETS_FILE: dvc_yaml, **below}, problems)
    datasets = tuple(dataset for dataset in declared if dataset.retired is None)
    release = _release(_new_form(params_yaml, datasets, problems), problems)
    if problems:
        raise SettingsError(problems)
    tags = TagGrammar(release.tag_prefix)
    policy = read_policy(
        release.policy,
        tags,
        {dataset.name for dataset in datasets},
        f"{PARAMS_FILE}: {SECTION}.policy",
        problems,
    )
    channels = tuple(_channels(release.channels, tags, problems))
    streams = _streams(release.streams, release.announce, datasets, problems)
    if problems:
        raise SettingsError(problems)
    return Settings(
        datasets=datasets,
        retired=tuple(dataset for dataset in declared if dataset.retired is not None),
        tags=tags,
        remotes=tuple(dict.fromkeys(release.remotes)),
        require_review=release.require_review,
        staging=release.staging,
        export=release.export,
        engine=release.engine,
        memory_limit=release.memory_limit,
        timeout=release.timeout,
        rows_budget=release.rows_budget,
        policy=policy,
        streams=streams,
        stage_environment=tuple(dict.fromkeys(release.stage_environment)),
        announce=release.announce,
        site=release.site,
        channels=channels,
        notify=tuple(shape.webhook for shape in release.notify),
    )


def read_site(params_yaml: Mapping[str, Any]) -> str | None:
    """``release.site`` alone; None: it is not set, or it is no address.

    A catalogue is made of versions whose other settings may be those of any release of this
    program.
    """
    release = params_yaml.get(SECTION)
    site = release.get("site") if isinstance(release, dict) else None
    try:
        return ReleaseShape(site=site).site
    except ValueError:
        return None


def read_stream_names(params_yaml: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in ``release.streams``, or none where the section cannot be used."""
    return tuple(_release(params_yaml, []).streams)


def read_release(params_yaml: Mapping[str, Any]) -> ReleaseShape:
    """The section as it is, checked; what one setting means for another is not looked at.

    Raises:
        SettingsError: With every problem of the section.
    """
    problems: list[Problem] = []
    release = _release(params_yaml, problems)
    if problems:
        raise SettingsError(problems)
    return release


def _release(params: Mapping[str, Any], problems: list[Problem]) -> ReleaseShape:
    section = params.get(SECTION)
    if SECTION not in params and (near := nearest_name(SECTION, map(str, params))):
        problems.append(Problem(where=f"{PARAMS_FILE}: {near}", what=f"did you mean {SECTION!r}?"))
    try:
        return ReleaseShape.model_validate({} if section is None else section)
    except ValidationError as error:
        problems += problems_of(error, ReleaseShape, f"{PARAMS_FILE}: {SECTION}")
        return ReleaseShape()


def _new_form(
    params: Mapping[str, Any], datasets: tuple[Dataset, ...], problems: list[Problem]
) -> Mapping[str, Any]:
    """The parameters without `allow_breaking: true`, which is a problem."""
    section = params.get(SECTION)
    policy = section.get("policy") if isinstance(section, dict) else None
    if not isinstance(section, dict) or not isinstance(policy, dict):
        return params
    prefix = section.get("tag_prefix", DEFAULT_PREFIX)
    rest = new_form(
        policy, datasets[0].name if datasets else "DATASET", f"{prefix}N",
        f"{PARAMS_FILE}: {SECTION}.policy", problems,
    )  # fmt: skip
    return {**params, SECTION: {**section, "policy": rest}}


def _channels(
    given: Mapping[str, ChannelShape], tags: TagGrammar, problems: list[Problem]
) -> Iterator[DeclaredChannel]:
    for name, shape in sorted(given.items()):
        number = tags.parse(shape.version)
        if number is None:
            what = f"expected a version such as {tags.format(4)}, found {shape.version!r}"
            where = f"{PARAMS_FILE}: {SECTION}.channels.{name}.version"
            problems.append(Problem(where=where, what=what))
            continue
        yield DeclaredChannel(name=name, version=shape.version, reason=shape.reason)


def _streams(
    given: Mapping[str, StreamShape],
    announce: str | None,
    datasets: tuple[Dataset, ...],
    problems: list[Problem],
) -> tuple[Stream, ...]:
    known = {dataset.name: dataset for dataset in datasets}
    streams = []
    for name, shape in sorted(given.items()):
        where = f"{PARAMS_FILE}: {SECTION}.streams.{name}"
        dataset = known.get(name)
        if dataset is None:
            problems.append(Problem(where=where, what=unknown("dataset", name, known)))
            continue
        if dataset.schema is None:
            what = f"{dataset.where}.meta.schema is missing: it types the events"
            problems.append(Problem(where=where, what=what))
        for place, other in (("dead_letters", shape.dead_letters), ("", announce)):
            if other == shape.topic:
                at = f"{where}.{place}" if place else f"{PARAMS_FILE}: {SECTION}.announce"
                what = f"{other!r} is the topic that {name} reads from: name another topic"
                problems.append(Problem(where=at, what=what))
        streams.append(
            Stream(
                dataset=dataset,
                propose_events=shape.propose.events,
                propose_minutes=shape.propose.minutes,
                **shape.model_dump(exclude={"propose"}),
            )
        )
    return tuple(streams)

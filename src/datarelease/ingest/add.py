"""Adds a dataset that is fed from a topic to a repository: a plan first, then files.

What the plan looks like on a terminal is that of ``datarelease init``. In the schema that it has,
types and what may be missing are promises, since a column needs a type. Ranges and lists of values
are comments: a sample says little about later events, and those that break a promise are lost to
the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from datarelease.adapters.git.program import ignored
from datarelease.adapters.yaml_edit import insert, read_mapping
from datarelease.analysis.inference.infer import pandera_type
from datarelease.analysis.inference.keys import is_time_name
from datarelease.analysis.validation.expectations import expected_columns
from datarelease.analysis.validation.schema import load_schema
from datarelease.errors import ConfigError
from datarelease.flows.dvc_yaml import PipelineDataset, edited_pipeline
from datarelease.flows.edits import Drafts, refuse_changed, refuse_ignored, rendered, write_all
from datarelease.ingest.sample import Sample, SampleSummary, trial
from datarelease.model.adoption import Adoption, Proposed
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import EventFormat, Stream
from datarelease.model.wording import suggestion
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE, SECTION
from datarelease.settings.read import read_settings

_Types = Mapping[str, str]
"""Columns -> types as Pandera spells them."""


@dataclass(frozen=True, kw_only=True)
class StreamRequest:
    """The requested stream."""

    name: str
    topic: str
    format: EventFormat = "json"
    time: str | None = None
    """None: guessed."""
    key: tuple[str, ...] = ()
    """Empty: guessed."""

    @property
    def stream(self) -> Stream:
        """As the settings will read it, as far as it is known."""
        name = self.name
        dataset = Dataset(
            name=name, path=f"data/{name}", schema=f"schemas/{name}.yaml", key=self.key
        )
        return Stream(dataset=dataset, topic=self.topic, format=self.format, time=self.time)


def plan_stream(
    root: Path, wanted: StreamRequest, take: Callable[[], Sample], *, git_env: dict[str, str]
) -> Adoption:
    """Everything that makes the repository at ``root`` release what a topic holds.

    Args:
        root: Of the DVC repository.
        wanted: The stream.
        take: Reads some events from the broker; called after all other checks.
        git_env: The environment for git.

    Raises:
        SettingsError: A name that cannot be used, or files that are not YAML.
        ConfigError: The name is taken, there is no event, or files cannot be added to.
        WorldError: The broker does not answer.
    """
    drafts = Drafts(root)
    taken = _free(root, drafts, wanted)
    # Invalid names are reported before the broker is asked.
    stream = wanted.stream
    proposed = _proposed(stream, None)
    _edited(drafts.text(DATASETS_FILE), drafts.text(PARAMS_FILE), stream, proposed, taken)
    sample = take()
    with trial(root, sample) as tried:
        seen = tried.seen(stream)
        stream = _decided(wanted, seen, _own(root, drafts, wanted))
        stream = replace(stream, holes=sample.holes > 0)
        proposed = _proposed(stream, seen)
        _schema(drafts, stream, seen, len(sample.values))
        lost = tried.lost(stream, drafts.text(str(stream.dataset.schema)))
    pipeline, params = _edited(
        drafts.text(DATASETS_FILE), drafts.text(PARAMS_FILE), stream, proposed, taken
    )
    drafts.edit(DATASETS_FILE, pipeline, why="the stages, and the dataset that they make")
    drafts.edit(PARAMS_FILE, params, why="where the events come from")
    dataset = stream.dataset
    held = [edit.path for edit in drafts.edits]
    held += [stream.plan_file, stream.counts_file, dataset.validation_file, dataset.profile_file]
    refuse_ignored(ignored(root, held, env=git_env))
    return Adoption(
        branch="",
        datasets=(proposed,),
        commands=(),
        remotes=(),
        files=drafts.edits,
        skipped=tuple(drafts.skipped),
        left_out=(*drafts.left_out, *seen.notes, *lost),
    )


def _schema(drafts: Drafts, stream: Stream, seen: SampleSummary, events: int) -> None:
    path, key = str(stream.dataset.schema), stream.dataset.key
    if not drafts.is_missing(path):
        drafts.leave(path, "it exists already and is not changed")
        return
    text = rendered(
        "event-schema.yaml.j2", name=stream.name, topic=stream.topic, events=events, key=key,
        columns=seen.inferred.columns, guesses={guess.name: guess for guess in seen.guesses},
        silent={*seen.inferred.pii, *key},
    )  # fmt: skip
    drafts.create(path, text, why="the schema, inferred from some events; edit it")


def write_stream(root: Path, plan: Adoption) -> None:
    """Write the files of a plan, all or none.

    Raises:
        ConfigError: A file is not what it was when the plan was made, or cannot be written.
    """
    refuse_changed(root, plan.files)
    write_all(root, plan.files)


def _free(root: Path, drafts: Drafts, wanted: StreamRequest) -> set[str]:
    """The names of the stages that there are.

    Raises:
        ConfigError: Something has the name already.
    """
    pipeline, params = drafts.mapping(DATASETS_FILE), drafts.mapping(PARAMS_FILE)
    release = params.get(SECTION)
    streams = release.get("streams") if isinstance(release, dict) else None
    stages = {str(name) for name in pipeline.get("stages") or ()}
    taken = next((stage for stage in _stage_names(wanted.name) if stage in stages), None)
    where = None
    if wanted.name in (streams or ()):
        where = f"{PARAMS_FILE}: {SECTION}.streams"
    elif wanted.name in (pipeline.get("artifacts") or ()):
        where = f"{DATASETS_FILE}: artifacts"
    elif taken is not None:
        where = f"{DATASETS_FILE}: stages.{taken}"
    place = root / wanted.stream.dataset.path
    if where is None and place.exists() and (not place.is_dir() or any(place.iterdir())):
        where = wanted.stream.dataset.path
    if where is not None:
        raise ConfigError(
            f"{wanted.name!r} exists already ({where}).",
            remedy="Choose another name, or edit the files by hand (docs/data/events.md).",
        )
    return stages


def _stage_names(name: str) -> tuple[str, str]:
    return f"drain-{name}", f"parse-{name}"


def _edited(
    pipeline: str, params: str, stream: Stream, proposed: Proposed, taken: Collection[str]
) -> tuple[str, str]:
    """Both files as they will be, which the settings can read."""
    drain, parse = _stage_names(stream.name)
    stages = [
        rendered("drain.yaml.j2", name=drain, stream=stream),
        rendered(
            "parse.yaml.j2", name=parse, stream=stream, settings=f"{SECTION}.streams.{stream.name}"
        ),
    ]
    pipeline = insert(pipeline, ["stages"], stages, file=DATASETS_FILE)
    member = PipelineDataset(proposed=proposed, schema=stream.dataset.schema)
    pipeline = edited_pipeline(pipeline, [member], [*taken, drain, parse])
    settings = [rendered("stream.yaml.j2", stream=stream)]
    params = insert(params, [SECTION, "streams"], settings, file=PARAMS_FILE)
    read_settings(read_mapping(pipeline, DATASETS_FILE), read_mapping(params, PARAMS_FILE))
    return pipeline, params


def _decided(wanted: StreamRequest, seen: SampleSummary, types: _Types) -> Stream:
    """The stream with what was guessed where nothing was asked for.

    Raises:
        ConfigError: A column that was asked for is not there.
    """
    types = types or {guess.name: guess.dtype for guess in seen.guesses}
    asked = (*(("--key", name) for name in wanted.key), ("--time", wanted.time))
    for option, name in asked:
        if name is not None and name not in types:
            raise ConfigError(
                f"{option}: there is no column {name!r}.",
                remedy=suggestion(name, types),
            )
    times = [name for name, dtype in types.items() if dtype.startswith("datetime64")]
    if wanted.time is not None and wanted.time not in {*times, *_days(types)}:
        raise ConfigError(
            f"--time: the field {wanted.time!r} is not a time or date ({types[wanted.time]}).",
            remedy=suggestion("", times),
        )
    stream = wanted.stream
    key = seen.inferred.key if set(seen.inferred.key) <= set(types) else ()
    pii = tuple(name for name in seen.inferred.pii if name in types)
    dataset = replace(stream.dataset, key=wanted.key or key, pii=pii)
    return replace(stream, dataset=dataset, time=wanted.time or _time(times))


def _own(root: Path, drafts: Drafts, wanted: StreamRequest) -> _Types:
    """The columns of a schema that somebody wrote before; empty: there is none."""
    path = str(wanted.stream.dataset.schema)
    if drafts.is_missing(path):
        return {}
    schema = load_schema(root / path, name_in_messages=path)
    columns = expected_columns(schema, [str(name) for name in schema.columns])
    return {one.name: (one.wanted and pandera_type(one.wanted)) or "object" for one in columns}


def _days(types: _Types) -> list[str]:
    return [name for name, dtype in types.items() if dtype == "date"]


def _time(times: list[str]) -> str | None:
    """The column with the time of an event; of several, the first with such a name."""
    if len(times) == 1:
        return times[0]
    return next((name for name in times if is_time_name(name)), None)


def _proposed(stream: Stream, seen: SampleSummary | None) -> Proposed:
    return Proposed(
        name=stream.name,
        path=stream.dataset.path,
        origin=f"events of the topic {stream.topic}",
        rows=seen.inferred.rows if seen else 0,
        columns=len(seen.guesses) if seen else 0,
        key=stream.dataset.key,
        pii=stream.dataset.pii,
    )

"""A dataset fed from a topic, on its way into a repository: a plan first, then files.

What an adopting repository gets is in `stream_files` and `stream_schema`; what the plan looks like
on a terminal is that of ``datarelease init``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.adapters.git_ignore import ignored
from datarelease.adapters.yaml_edit import read_mapping
from datarelease.analysis.expectations import expected_columns
from datarelease.analysis.infer import Inferred, infer, pandera_type
from datarelease.analysis.infer_names import moment
from datarelease.analysis.schema import load_schema
from datarelease.analysis.table import Table
from datarelease.errors import ConfigError
from datarelease.flows.init_apply import write_all
from datarelease.flows.init_files import Drafts, refuse_ignored, refuse_unwritable, text_at
from datarelease.ingest.event_engine import EventEngine
from datarelease.ingest.event_shape import read_shape
from datarelease.ingest.parse_batch import BatchParser
from datarelease.ingest.sample import Guess, Sample, guesses, looks_like_avro
from datarelease.ingest.stream_files import stage_names, with_settings, with_stages
from datarelease.ingest.stream_schema import bare_schema, stream_schema
from datarelease.model.adoption import Adoption, Note, Proposed
from datarelease.model.dataset import Dataset, suggestion
from datarelease.model.stream import EventFormat, Stream
from datarelease.settings import DATASETS_FILE, PARAMS_FILE, SECTION, read_settings

_NOTHING = "Nothing was changed."
Types = Mapping[str, str]
"""Columns -> types as Pandera spells them."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody asks for."""

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


@dataclass(frozen=True, kw_only=True)
class _Seen:
    guesses: tuple[Guess, ...]
    inferred: Inferred
    notes: tuple[Note, ...]


def plan_stream(
    root: Path, wanted: Wanted, take: Callable[[], Sample], *, git_env: dict[str, str]
) -> Adoption:
    """Everything that makes the repository at ``root`` release what a topic holds.

    Args:
        root: Of the DVC repository.
        wanted: The stream.
        take: Asks the broker for some events; called when nothing else is in the way.
        git_env: The environment for git.

    Raises:
        SettingsError: A name that cannot be used, or files that are no YAML.
        ConfigError: The name is taken, there is no event, or files cannot be added to.
        WorldError: The broker does not answer.
    """
    drafts = Drafts(root)
    taken = _free(drafts, wanted)
    # Bad names are told before anybody asks the broker.
    stream = wanted.stream
    proposed = _proposed(stream, None)
    _edited(drafts.text(DATASETS_FILE), drafts.text(PARAMS_FILE), stream, proposed, taken)
    sample = take()
    with _engine(root) as (engine, scratch):
        seen = _seen(engine, scratch, wanted, sample)
        stream = _decided(wanted, seen, _own(root, drafts, wanted))
        proposed = _proposed(stream, seen)
        _schema(drafts, stream, seen, len(sample.values))
        tried = _tried(engine, root, scratch, drafts, stream, sample)
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
        skipped=drafts.skipped,
        left_out=(*drafts.left_out, *seen.notes, *tried),
    )


def _schema(drafts: Drafts, stream: Stream, seen: _Seen, events: int) -> None:
    path, dataset = str(stream.dataset.schema), stream.dataset
    if not drafts.is_missing(path):
        drafts.leave(path, "it is there already; yours stays as it is")
        return
    text = stream_schema(
        seen.inferred, seen.guesses,
        name=stream.name, topic=stream.topic, events=events, key=dataset.key,
    )  # fmt: skip
    drafts.create(path, text, why="what an event must be, inferred from some; edit it")


def write_stream(root: Path, plan: Adoption) -> None:
    """Write the files of a plan, all or none.

    Raises:
        ConfigError: A file is not what it was when the plan was made, or cannot be written.
    """
    for edit in plan.files:
        refuse_unwritable(root, edit.path)
        if text_at(root / edit.path, edit.path) != edit.before:
            raise ConfigError(
                f"{edit.path} was changed while the plan was shown.",
                untouched=_NOTHING,
                remedy="Run the command again.",
            )
    write_all(root, plan.files)


def _free(drafts: Drafts, wanted: Wanted) -> set[str]:
    """The names of the stages that there are.

    Raises:
        ConfigError: Something has the name already.
    """
    pipeline = read_mapping(drafts.text(DATASETS_FILE), DATASETS_FILE)
    params = read_mapping(drafts.text(PARAMS_FILE), PARAMS_FILE)
    release = params.get(SECTION)
    streams = release.get("streams") if isinstance(release, dict) else None
    stages = {str(name) for name in pipeline.get("stages") or ()}
    taken = next((stage for stage in stage_names(wanted.name) if stage in stages), None)
    where = None
    if wanted.name in (streams or ()):
        where = f"{PARAMS_FILE}: {SECTION}.streams"
    elif wanted.name in (pipeline.get("artifacts") or ()):
        where = f"{DATASETS_FILE}: artifacts"
    elif taken is not None:
        where = f"{DATASETS_FILE}: stages.{taken}"
    if where is not None:
        raise ConfigError(
            f"{wanted.name!r} is there already ({where}).",
            untouched=_NOTHING,
            remedy="Choose another name, or edit the files by hand (docs/ingest.md).",
        )
    return stages


def _edited(
    pipeline: str, params: str, stream: Stream, proposed: Proposed, taken: Collection[str]
) -> tuple[str, str]:
    """Both files as they will be, which the settings can read."""
    after = with_stages(pipeline, stream, proposed, taken), with_settings(params, stream)
    read_settings(read_mapping(after[0], DATASETS_FILE), read_mapping(after[1], PARAMS_FILE))
    return after


@contextmanager
def _engine(root: Path) -> Iterator[tuple[EventEngine, Path]]:
    place = root / ".dvc" / "tmp" / "datarelease"
    place.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="add-", dir=place) as directory,
        EventEngine(temp_directory=Path(directory) / "spill", memory_limit="1GB") as engine,
    ):
        yield engine, Path(directory)


def _seen(engine: EventEngine, scratch: Path, wanted: Wanted, sample: Sample) -> _Seen:
    """What the events look like.

    Raises:
        ConfigError: There are none, or none that can be read.
    """
    found, odd = guesses(engine, sample)
    if not found:
        raise _nothing_seen(sample)
    (scratch / "schemas").mkdir()
    schema = scratch / str(wanted.stream.dataset.schema)
    schema.write_bytes(bare_schema(found).encode())
    stream = replace(wanted.stream, time=None, dataset=replace(wanted.stream.dataset, key=()))
    rows, _ = _parsed(engine, scratch, stream, sample)
    path = scratch / "sample.parquet"
    engine.name("typed", rows)
    # Sent twice, an event would hide which columns are a key.
    pq.write_table(engine.query("SELECT DISTINCT * FROM typed").cast(rows.schema), path)
    inferred = infer(engine, Table(paths=(path,), format="parquet"), name=wanted.name)
    notes = tuple(
        Note(what=f"field {name!r}", why="null in all events seen, or no name that can be used")
        for name in odd
    )
    return _Seen(guesses=tuple(found), inferred=inferred, notes=notes)


def _parsed(
    engine: EventEngine, root: Path, stream: Stream, sample: Sample
) -> tuple[pa.Table, list[str]]:
    """The rows that the sample becomes under the schema below ``root``, and why others do not."""
    parser = BatchParser(engine, read_shape(root, stream), sample.format)
    records = pa.table({"value": pa.array(sample.values, pa.binary())})
    found = parser.found(records, parser.reader(sample.schemas))
    broken, reasons, _ = parser.checks.judge(found)
    good = pa.array(~np.asarray(broken))
    return found.select(list(parser.shape.names)).filter(good), reasons


def _nothing_seen(sample: Sample) -> ConfigError:
    if not sample.values:
        return ConfigError(
            f"Topic {sample.topic!r} holds no event: there is nothing to infer a schema from.",
            untouched=_NOTHING,
            remedy="Run the command again when there are some.",
        )
    avro = sample.format == "json" and looks_like_avro(sample.values)
    return ConfigError(
        f"None of the last {len(sample.values):,} events of {sample.topic!r} is "
        f"{'a JSON object' if sample.format == 'json' else 'Avro of a schema that is known'}.",
        untouched=_NOTHING,
        remedy="They look like Avro of a schema registry: add --format avro."
        if avro
        else "Is this the topic that you mean?",
    )


def _decided(wanted: Wanted, seen: _Seen, types: Types) -> Stream:
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
                untouched=_NOTHING,
                remedy=suggestion(name, types),
            )
    times = [name for name, dtype in types.items() if dtype.startswith("datetime64")]
    if wanted.time is not None and wanted.time not in {*times, *_days(types)}:
        raise ConfigError(
            f"--time: the field {wanted.time!r} is no time or date ({types[wanted.time]}).",
            untouched=_NOTHING,
            remedy=suggestion("", times),
        )
    stream = wanted.stream
    key = seen.inferred.key if set(seen.inferred.key) <= set(types) else ()
    pii = tuple(name for name in seen.inferred.pii if name in types)
    dataset = replace(stream.dataset, key=wanted.key or key, pii=pii)
    return replace(stream, dataset=dataset, time=wanted.time or _time(times))


def _own(root: Path, drafts: Drafts, wanted: Wanted) -> Types:
    """The columns of a schema that somebody wrote before; empty: there is none."""
    path = str(wanted.stream.dataset.schema)
    if drafts.is_missing(path):
        return {}
    schema = load_schema(root / path, name_in_messages=path)
    columns = expected_columns(schema, [str(name) for name in schema.columns])
    return {one.name: (one.wanted and pandera_type(one.wanted)) or "object" for one in columns}


def _days(types: Types) -> list[str]:
    return [name for name, dtype in types.items() if dtype == "date"]


def _time(times: list[str]) -> str | None:
    """The one column that says when; of several the first that is named like it."""
    if len(times) == 1:
        return times[0]
    return next((name for name in times if moment(name)), None)


def _proposed(stream: Stream, seen: _Seen | None) -> Proposed:
    return Proposed(
        name=stream.name,
        path=stream.dataset.path,
        origin=f"events of the topic {stream.topic}",
        rows=seen.inferred.rows if seen else 0,
        columns=len(seen.guesses) if seen else 0,
        key=stream.dataset.key,
        pii=stream.dataset.pii,
    )


def _tried(
    engine: EventEngine, root: Path, scratch: Path, drafts: Drafts, stream: Stream, sample: Sample
) -> tuple[Note, ...]:
    """What the schema, as it will be or as somebody wrote it, makes of the events seen."""
    file = str(stream.dataset.schema)
    (scratch / file).write_bytes(drafts.text(file).encode())
    checks = root / "schemas" / "checks.py"
    if checks.is_file():
        (scratch / "schemas" / "checks.py").write_bytes(checks.read_bytes())
    _, reasons = _parsed(engine, scratch, stream, sample)
    size = f"{len(sample.values):,} events seen"
    return tuple(
        Note(what=reason, why=f"{reasons.count(reason):,} of {size} are dead letters")
        for reason in sorted(set(reasons))
    )

"""The files that a repository gets for a stream: stages, settings, and a schema to begin with.

In the schema, types and what may be missing are promises, since a column needs a type. Ranges and
lists of values are comments: a sample says little about later events, and those that break a
promise are lost to the dataset.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from datarelease.adapters.yaml_edit import insert
from datarelease.analysis.inference.infer import Inferred, InferredColumn
from datarelease.flows.edits.pipeline import PipelineDataset, edited_pipeline
from datarelease.model.adoption import Proposed, yaml_text
from datarelease.model.data.stream import Stream
from datarelease.settings.read import DATASETS_FILE, PARAMS_FILE, SECTION


@dataclass(frozen=True, kw_only=True)
class FieldGuess:
    """A field of events as they are today."""

    name: str
    dtype: str
    """As Pandera spells it."""
    always: bool
    """Every event has the field."""


def stage_names(name: str) -> tuple[str, str]:
    """The names of the stages that make a stream's dataset."""
    return f"drain-{name}", f"parse-{name}"


def with_stages(text: str, stream: Stream, proposed: Proposed, taken: Collection[str]) -> str:
    """``text`` of dvc.yaml with the stages of a stream, those that check it, and its dataset."""
    drain, parse = stage_names(stream.name)
    text = insert(text, ["stages"], [_drain(drain, stream), _parse(parse, stream)],
                  file=DATASETS_FILE)  # fmt: skip
    member = PipelineDataset(
        proposed=proposed, schema=stream.dataset.schema, declared=False, bare=False,
        validated=False, profiled=False,
    )  # fmt: skip
    return edited_pipeline(text, [member], [*taken, drain, parse])


def _drain(name: str, stream: Stream) -> str:
    return "\n".join(
        [
            f"{name}:",
            f"  desc: The records of topic {stream.topic} that the plan names, as they are",
            f"  cmd: datarelease ingest drain {stream.name}",
            "  deps:",
            f"    - {yaml_text(stream.plan_file)}",
            "  outs:",
            f"    - {yaml_text(stream.raw_dir)}:",
            "        persist: true  # a new batch adds a file, the others stay",
        ]
    )


def _parse(name: str, stream: Stream) -> str:
    dataset = stream.dataset
    where = f"{SECTION}.streams.{stream.name}"
    judged = ["format", *(["time", "late_minutes"] if stream.time else [])]
    return "\n".join(
        [
            f"{name}:",
            f"  desc: Rows of {dataset.name}, and dead letters with their reasons",
            f"  cmd: datarelease ingest parse {stream.name}",
            "  # DVC cannot watch this very file: when `key` or `pii` below change, run",
            f"  # `dvc repro --force {name}`.",
            "  deps:",
            f"    - {yaml_text(stream.raw_dir)}",
            f"    - {yaml_text(dataset.schema or '')}",
            "  params:",
            *(f"    - {yaml_text(f'{where}.{key}')}" for key in judged),
            "  outs:",
            *(
                line
                for out in (dataset.path, stream.dead_dir)
                for line in (f"    - {yaml_text(out)}:", "        persist: true")
            ),
            "  metrics:",
            f"    - {yaml_text(stream.counts_file)}:",
            "        cache: false",
            "        persist: true  # the counts of earlier batches are taken from it",
        ]
    )


def with_settings(text: str, stream: Stream) -> str:
    """``text`` of params.yaml with the settings of a stream."""
    lines = [
        f"{yaml_text(stream.name)}:",
        f"  topic: {yaml_text(stream.topic)}",
        f"  format: {stream.format}",
    ]
    if stream.time:
        lines += [
            f"  time: {yaml_text(stream.time)}  # when an event happened",
            f"  late_minutes: {stream.late_minutes}  # an event older by so much is late",
        ]
    else:
        lines.append("  # time: COLUMN  # when an event happened; decides which ones are late")
    if stream.holes:
        lines.append("  holes: true  # offsets without a record: transactions, or compaction")
    due = f"{{events: {stream.propose_events}, minutes: {stream.propose_minutes}}}"
    lines += [
        f"  # batch: {stream.batch}  # most records of one part file",
        f"  # propose: {due}  # when a pull request is due",
        "  # dead_letters: TOPIC  # where events that break the schema are sent after a release",
    ]
    return insert(text, [SECTION, "streams"], ["\n".join(lines)], file=PARAMS_FILE)


_HEAD = """\
# What an event of the topic {topic} must be to become a row of {name}, as a Pandera schema in
# Pandera's own YAML format. `datarelease ingest add` inferred it from {events:,} events, as a
# start for you to edit. An event that breaks it (a type, a null, a check of one row) becomes a
# dead letter, with the reason; after an edit all events are parsed again.
# Remove the `#` of a comment to make it a check, with the bounds that you mean.
schema_type: dataframe
api: pandas
name: {dataset}
# strict: true  # then an event with a field that is not named here is a dead letter
"""


def bare_schema(guesses: Iterable[FieldGuess]) -> str:
    """The text of a schema that types the sample, to look at its values with."""
    lines = [
        f"  {yaml_text(guess.name)}: {{dtype: {yaml_text(guess.dtype)}, nullable: true, "
        f"required: false}}"
        for guess in guesses
    ]
    return "\n".join(["columns:", *lines]) + "\n"


def stream_schema(
    inferred: Inferred,
    guesses: Iterable[FieldGuess],
    *,
    name: str,
    topic: str,
    events: int,
    key: tuple[str, ...],
) -> str:
    """The text of the schema file."""
    by_name = {guess.name: guess for guess in guesses}
    head = _HEAD.format(topic=topic, name=name, events=events, dataset=yaml_text(name))
    lines = [f"{head}columns:"]
    for column in inferred.columns:
        silent = column.name in {*inferred.pii, *key}
        lines += _column(column, by_name, key=column.name in key, silent=silent)
    return "\n".join(lines) + "\n"


def _column(
    column: InferredColumn, guesses: Mapping[str, FieldGuess], *, key: bool, silent: bool
) -> Iterator[str]:
    guess = guesses[column.name]
    yield f"  {yaml_text(column.name)}:"
    yield f"    dtype: {guess.dtype}"
    if column.nulls and not key:
        yield "    nullable: true"
    if not guess.always and not key:
        yield "    required: false  # some events do not have it"
    if silent:
        return
    if column.categories:
        yield f"    # isin: [{', '.join(map(yaml_text, column.categories))}]  # were seen"
    if column.low is not None and column.high is not None:
        yield f"    # in_range: {{min_value: {column.low}, max_value: {column.high}}}  # was seen"

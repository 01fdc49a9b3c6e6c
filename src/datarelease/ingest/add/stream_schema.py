"""A schema to begin with, from a sample of events.

Types and what may be missing are promises, since a column needs a type. Ranges and lists of values
are comments: a sample shows little about later events, and those that break a check are missing
from the dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from datarelease.analysis.inference.infer import Inferred, InferredColumn
from datarelease.ingest.add.sample import FieldGuess
from datarelease.model.adoption import yaml_text

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
    dataset, told = yaml_text(name), name
    lines = [_HEAD.format(topic=topic, name=told, events=events, dataset=dataset) + "columns:"]
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

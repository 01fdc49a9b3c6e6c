r"""JSON texts taken apart by DuckDB: for each field its JSON type and its text.

DuckDB 2.0 (yyjson) reads more than RFC 8259 allows: ``[1,]``, ``NaN``, ``inf``. That is refused
here, and so are fields that occur twice, since readers do not agree which one counts.
Numbers come as text: integers digit by digit, others as the shortest text of the double that
Python's ``json`` reads too; decimals additionally as they are written.
"""

# ruff: noqa: S608 - names become SQL by `literal` alone

from __future__ import annotations

from collections.abc import Sequence

from datarelease.analysis.engine.duckdb.sql import literal
from datarelease.ingest.parse.event_faults import INVALID_UTF8, NO_OBJECT, SYNTAX, TWICE

_LENIENT = r",\s*[}\]]|(?:^|[,:\[])\s*-?(?i:nan|inf)"
_STRING = r'"(?:[^"\\]|\\.)*"'
_OTHER = rf'(?:{_STRING}|[^"0-9-])*'
_NUMBER = rf"({_OTHER})(-?[0-9][0-9.eE+-]*)({_OTHER}\z)?"
"""Strings and whatever else is not a number, a number, and after the last one the rest:
applied again and again, it never begins inside a string.
"""
_QUOTED = r'\1"\2"\3'


def json_query(source: str, names: Sequence[str], decimals: Sequence[str]) -> str:
    """SQL that takes the column ``value`` (a blob) of ``source`` apart.

    It gives ``n`` as it is, and the lists ``types`` (DuckDB's ``json_type``; null: no such field)
    and ``texts`` in the order of ``names``, ``raws`` (in the order of ``decimals``: numbers as
    they are written, where one is not an integer), ``extra`` (fields beside ``names``) and
    ``fault`` (a reason code; null: it is a JSON object).
    """
    paths = _paths(names)
    present = " + ".join(f"(types[{i}] IS NOT NULL)::INTEGER" for i in range(1, len(names) + 1))
    known = "[" + ", ".join(literal(name) for name in names) + "]"
    lenient = _outside_strings("t", _LENIENT)
    return f"""
    WITH decoded AS (SELECT n, TRY(decode(value)) AS t FROM {source}),
    valid AS (
        SELECT n, t, CASE WHEN json_valid(t) AND NOT {lenient} THEN t END AS j
        FROM decoded
    ),
    objects AS (
        SELECT n, t, j, CASE WHEN starts_with(j, '{{') THEN j
            WHEN starts_with(ltrim(j, E' \\t\\r\\n'), '{{') THEN j END AS o
        FROM valid
    ),
    apart AS (
        SELECT n, t, j, o, json_type(o, {paths}) AS types,
            json_extract_string(o, {paths}) AS texts, json_keys(o) AS keys
        FROM objects
    ),
    counted AS (SELECT *, len(keys) <> {present} AS others FROM apart)
    SELECT n, types, texts, {_raws(names, decimals)} AS raws,
        CASE WHEN others
            THEN list_filter(keys, lambda k: NOT list_contains({known}, k)) END AS extra,
        CASE WHEN t IS NULL THEN '{INVALID_UTF8}' WHEN j IS NULL THEN '{SYNTAX}'
            WHEN o IS NULL THEN '{NO_OBJECT}'
            WHEN others AND len(list_distinct(keys)) <> len(keys) THEN '{TWICE}'
            END AS fault
    FROM counted
    """


def _outside_strings(text: str, pattern: str) -> str:
    """SQL that is true where a pattern is found in a JSON text, other than in its strings."""
    form = literal(pattern)
    bare = f"regexp_replace({text}, {literal(_STRING)}, '\"\"', 'g')"
    return (
        f"CASE WHEN regexp_matches({text}, {form}) THEN regexp_matches({bare}, {form}) "
        "ELSE false END"
    )


def _paths(names: Sequence[str]) -> str:
    """JSON pointers (RFC 6901), in which every letter of a name stands for itself."""
    pointers = ("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    return "[" + ", ".join(literal(pointer) for pointer in pointers) + "]"


def _raws(names: Sequence[str], decimals: Sequence[str]) -> str:
    if not decimals:
        return "NULL::VARCHAR[]"
    fractions = " OR ".join(f"types[{names.index(name) + 1}] = 'DOUBLE'" for name in decimals)
    # Numbers put in quotes: DuckDB would round them to doubles.
    quoted = f"regexp_replace(o, {literal(_NUMBER)}, {literal(_QUOTED)}, 'g')"
    return f"CASE WHEN {fractions} THEN json_extract_string({quoted}, {_paths(decimals)}) END"

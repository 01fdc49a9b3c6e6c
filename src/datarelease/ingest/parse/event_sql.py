"""JSON events as SQL for DuckDB: taken apart, then typed exactly as the schema says, or not at all.

DuckDB 2.0 (yyjson) reads more than RFC 8259 allows: ``[1,]``, ``NaN``, ``inf``. That is refused
here, and so are fields that occur twice, since readers do not agree which one counts.
Numbers come as text: integers digit by digit, others as the shortest text of the double that
Python's ``json`` reads too; decimals additionally as they are written. In the SQL, ``y`` is a
field's JSON type, as DuckDB's ``json_type`` gives it, and ``s`` its text.
"""

# ruff: noqa: S608 - names become SQL by `literal` and `quoted` alone

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.csv.types import parse_sql, sql_type
from datarelease.analysis.engine.duckdb.sql import literal, quoted
from datarelease.analysis.engine.tables import unread_name
from datarelease.ingest.parse.event_faults import INVALID_UTF8, NO_OBJECT, SYNTAX, TWICE
from datarelease.ingest.parse.event_reader import value_type
from datarelease.ingest.parse.event_shape import Field

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
    fields AS (
        SELECT n, t, j, o, json_type(o, {paths}) AS types,
            json_extract_string(o, {paths}) AS texts, json_keys(o) AS keys
        FROM objects
    ),
    counted AS (SELECT *, len(keys) <> {present} AS others FROM fields)
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


_NUMBERS = "('BIGINT', 'UBIGINT', 'DOUBLE')"
_EXACT_DOUBLE = 9_007_199_254_740_992
"""2**53: below it a double is one integer."""
_EXACT_DIGITS = 7
"""Integers so short are floats of either size without a loss."""
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?"
"""Microseconds are what a column holds."""
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_DECIMAL = "(-?)([0-9]+)(?:[.]([0-9]*))?(?:[eE]([+-]?[0-9]+))?"


def decimal_names(fields: Sequence[Field]) -> tuple[str, ...]:
    """The fields that need their numbers as they are written."""
    return tuple(field.name for field in fields if isinstance(field.wanted, nw.Decimal))


def typed_query(source: str, fields: Sequence[Field]) -> str:
    """SQL that turns what `json_query` gives into columns of the schema's types.

    Beside the columns there are, for each, `unread_name` (the text of what is not a value of
    the type) and, by the field's number, ``missing`` (true or false) and ``wrong`` (the JSON type
    of what is not a value of the type); ``n``, ``extra`` and ``fault`` as they were. The names
    of all of these begin with `INTERNAL`.
    """
    decimals = decimal_names(fields)
    values, columns = [], []
    for place, field in enumerate(fields):
        y, s = f"types[{place + 1}]", f"texts[{place + 1}]"
        raw = f"raws[{decimals.index(field.name) + 1}]" if field.name in decimals else s
        values.append(f"{_value(y, s, raw, field)} AS v{place}, {y} AS y{place}, {s} AS s{place}")
        wrong = f"(v{place} IS NULL AND s{place} IS NOT NULL)"
        columns.append(f"v{place} AS {quoted(field.name)}")
        columns.append(f"CASE WHEN {wrong} THEN s{place} END AS {quoted(unread_name(field.name))}")
        columns.append(f"y{place} IS NULL AS {internal(f'missing{place}')}")
        columns.append(f"CASE WHEN {wrong} THEN y{place} END AS {internal(f'wrong{place}')}")
    kept = ", ".join(f"{name} AS {internal(name)}" for name in ("n", "extra", "fault"))
    return (
        f"WITH fields AS ({source}), "
        f"typed AS (SELECT n, extra, fault, {', '.join(values)} FROM fields) "
        f"SELECT {kept}, {', '.join(columns)} FROM typed"
    )


def read_query(source: str, fields: Sequence[Field]) -> str:
    """The columns of `typed_query` and its `unread_name`, from the rows of an `EventReader`."""
    values, columns = [], []
    for place, field in enumerate(fields):
        column, s = f"f{place}", f"f{place}"
        if value_type(field.wanted) is not None:
            value, s = f"CAST({column} AS {sql_type(field.wanted)})", "NULL::VARCHAR"
        else:
            value = _value("'VARCHAR'", column, column, field)
        values.append(f"{value} AS v{place}, {s} AS s{place}")
        columns.append(f"v{place} AS {quoted(field.name)}")
        columns.append(
            f"CASE WHEN v{place} IS NULL THEN s{place} END AS {quoted(unread_name(field.name))}"
        )
    return (
        f"SELECT n AS {internal('n')}, {', '.join(columns)} "
        f"FROM (SELECT n, {', '.join(values)} FROM {source})"
    )


def computed_names(fields: Sequence[Field]) -> tuple[str, ...]:
    """The columns of `read_query` whose values an `EventReader` does not give."""
    return tuple(field.name for field in fields if value_type(field.wanted) is None)


INTERNAL = "\N{END OF TEXT}"
"""Begins the names of columns that are not the dataset's."""


def internal(name: str) -> str:
    """The SQL name of a column that is not the dataset's."""
    return quoted(INTERNAL + name)


def _value(y: str, s: str, raw: str, field: Field) -> str:
    """SQL for the field's value; null where it is none of the type."""
    strict = _strict(y, s, raw, field.wanted)
    if not field.coerce:
        return f"CASE {strict} END"
    if kind_of(field.wanted) == "text":
        return f"CASE {strict} WHEN {y} IN {_NUMBERS} THEN {s} END"
    loose = parse_sql(s, field.wanted)
    return f"CASE {strict} {f'''WHEN {y} = 'VARCHAR' THEN {loose}''' if loose else ''} END"


def _strict(y: str, s: str, raw: str, wanted: nw.dtypes.DType) -> str:  # noqa: PLR0911 - one a type
    """``WHEN`` clauses for what is a value of the type without any doubt."""
    if isinstance(wanted, nw.Object):
        return f"WHEN {y} IN ('VARCHAR', 'OBJECT', 'ARRAY') THEN {s}"
    if kind_of(wanted) == "text":
        return f"WHEN {y} = 'VARCHAR' THEN {s}"
    if isinstance(wanted, nw.Boolean):
        return f"WHEN {y} = 'BOOLEAN' THEN {s} = 'true'"
    if isinstance(wanted, nw.Time):
        clock = f"{y} = 'VARCHAR' AND regexp_full_match({s}, '{_CLOCK}')"
        return f"WHEN {clock} THEN TRY_CAST({s} AS TIME)"
    target = str(sql_type(wanted))
    if wanted.is_integer():
        return _integer(y, s, target)
    if isinstance(wanted, nw.Decimal):
        return _decimal(y, raw, s, wanted)
    if wanted.is_float():
        return _float(y, s, target)
    return _time(y, s, wanted)


def _integer(y: str, s: str, target: str) -> str:
    whole = f"regexp_full_match({s}, '-?[0-9]{{1,16}}[.]0')"
    small = f"abs(TRY_CAST({s} AS DOUBLE)) < {_EXACT_DOUBLE}"
    return (
        f"WHEN {y} IN ('BIGINT', 'UBIGINT') THEN TRY_CAST({s} AS {target}) "
        f"WHEN {y} = 'DOUBLE' AND {whole} AND {small} "
        f"THEN TRY_CAST(split_part({s}, '.', 1) AS {target})"
    )


def _float(y: str, s: str, target: str) -> str:
    # Through double also to float: rounding the text once more could give another neighbour.
    value = f"CAST(TRY_CAST({s} AS DOUBLE) AS {target})"
    if target == "FLOAT":
        value = f"TRY_CAST(TRY_CAST({s} AS DOUBLE) AS FLOAT)"
    fraction = f"(contains({s}, '.') OR contains({s}, 'e') OR contains({s}, 'E'))"
    exact = f"TRY_CAST({value} AS HUGEINT) = TRY_CAST({s} AS HUGEINT)"
    kept = f"CASE WHEN len({s}) <= {_EXACT_DIGITS} OR {fraction} THEN true ELSE {exact} END"
    return f"WHEN {y} IN {_NUMBERS} AND isfinite({value}) AND {kept} THEN {value}"


def _decimal(y: str, raw: str, s: str, wanted: nw.Decimal) -> str:
    """A decimal is a number or, as many write it, a text; never rounded."""
    text = f"CASE WHEN {y} = 'DOUBLE' THEN {raw} ELSE {s} END"
    part = [f"regexp_extract({text}, '^{_DECIMAL}$', {group})" for group in range(1, 5)]
    digits = f"({part[1]} || {part[2]})"
    exponent = f"coalesce(TRY_CAST(nullif({part[3]}, '') AS INTEGER), 0)"
    places = f"(len({part[2]}) - {exponent} - len({digits}) + len(rtrim({digits}, '0')))"
    exact = f"(rtrim({digits}, '0') = '' OR {places} <= {wanted.scale})"
    return (
        f"WHEN {y} IN ('VARCHAR', 'BIGINT', 'UBIGINT', 'DOUBLE') "
        f"AND regexp_full_match({text}, '{_DECIMAL}') AND {exact} "
        f"THEN TRY_CAST({text} AS {sql_type(wanted)})"
    )


def _time(y: str, s: str, wanted: nw.dtypes.DType) -> str:
    if not isinstance(wanted, nw.Datetime):
        return f"WHEN {y} = 'VARCHAR' THEN {parse_sql(s, wanted)}"
    form = f"{_DAY}[ T]{_CLOCK}{_ZONE}" if wanted.time_zone else f"{_DAY}([ T]{_CLOCK})?"
    # DuckDB knows a year 0, and what was before it.
    fits = f"regexp_full_match({s}, '{form}') AND {s} >= '0001'"
    return f"WHEN {y} = 'VARCHAR' AND {fits} THEN TRY_CAST({s} AS {sql_type(wanted)})"

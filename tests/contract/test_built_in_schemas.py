"""Schemas of built-in checks are read, without Pandera, as Pandera reads them."""

from __future__ import annotations

import copy
import datetime as dt
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.validation import pandera_private
from datarelease.analysis.validation import schema as schema_files
from datarelease.analysis.validation.built_in.expressions import passes
from datarelease.analysis.validation.built_in.read import TYPES, read_built_in
from datarelease.analysis.validation.built_in.schema import BuiltInSchema
from datarelease.analysis.validation.expectations import file_type
from datarelease.analysis.validation.schema import contract, load_schema, unique_sets
from datarelease.analysis.validation.schema_checks import (
    ALIASES,
    BUILT_IN,
    built_in_name,
    check_arguments,
    spelled,
)
from datarelease.errors import DatareleaseError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where schema files are written."""
    return tmp_path_factory.mktemp("schemas")


@pytest.fixture(scope="module", name="by_pandera")
def fixture_by_pandera(folder: Path) -> Iterator[Callable[[Any], Any]]:
    """Loads a schema with Pandera, whatever is in it."""

    def load(data: Any) -> Any:
        path = folder / "schema.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schema_files, "_without_pandera", lambda path: None)  # noqa: ARG005
            return load_schema(path, name_in_messages="schema.yaml")

    yield load
    pandera_private.registered_checks()


def described(schema: Any) -> Any:
    """Everything that is ever read of a schema."""
    return {
        "table": (
            schema.dtype, bool(schema.coerce), schema.strict, schema.ordered, unique_sets(schema),
            schema.report_duplicates, list(schema.checks),
        ),
        "contract": contract(schema),
        "columns": {
            name: (
                file_type(column.dtype) if column.dtype is not None else None,
                column.nullable, column.unique, column.report_duplicates, column.coerce,
                column.required, column.regex, [_check(check) for check in column.checks],
            )
            for name, column in schema.columns.items()
        },
    }  # fmt: skip


def _check(check: Any) -> Any:
    return (
        built_in_name(check),
        check.name,
        spelled(check),
        {key: _plain(value) for key, value in check.statistics.items()},
        {key: _plain(value) for key, value in check_arguments(check).items()},
        check.ignore_na,
        check.raise_warning,
    )


def _plain(value: Any) -> tuple[type, Any]:
    """A value with its type: 1, 1.0 and True are equal; pandas' moments are Python's."""
    value = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    if isinstance(value, list):
        return list, [(type(item), item) for item in value]
    if isinstance(value, frozenset):
        return frozenset, {(type(item), item) for item in value}
    return type(value), value


_NAMES = st.sampled_from(["a", "b", "c d", "isin", "1", "", "x|y", "(", "ü", "name"])
_NUMBERS = st.one_of(
    st.integers(-5, 5), st.sampled_from([2**63, -(2**70), 10**30]), st.floats(-5, 5)
)
_MOMENTS = st.sampled_from(
    ["2018-01-01 00:00:00", "2030-12-31 23:59:59", "2018-02-30 00:00:00", "2018-01-01",
     "2018-1-1 0:0:0", "1200-01-01 00:00:00", "2018-01-01T00:00:00", "2018-01-01 00:00:00\n"]
)  # fmt: skip
_PATTERNS = st.sampled_from(["^a", "[", "(?P<x>a)", "", "\\d+", "(" * 200, "a{1,99999999999}"])
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([math.nan, math.inf, dt.date(2018, 1, 1), dt.datetime(2018, 1, 1)]),  # noqa: DTZ001
    st.just({}),
    st.lists(_NUMBERS, max_size=2),
    st.text(max_size=3),
)
_VALUES = _NUMBERS | _MOMENTS | st.text(max_size=3)
_LISTS = st.lists(_VALUES | st.booleans(), max_size=3) | st.lists(_VALUES, min_size=1, max_size=3)
_ARGUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "value": _VALUES, "min_value": _NUMBERS | _MOMENTS, "max_value": _NUMBERS | _MOMENTS,
    "include_min": st.booleans(), "include_max": st.booleans(), "allowed_values": _LISTS,
    "forbidden_values": _LISTS, "pattern": _PATTERNS, "string": st.text(max_size=3),
    "exact_value": st.integers(-1, 5), "values": _LISTS,
}  # fmt: skip
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "ignore_na": st.booleans() | _ODD,
        "raise_warning": st.booleans(),
        "n_failure_cases": st.integers(1, 3),
        "error": st.just("e"),
        "name": st.just("n"),
    },
)
_SMALL = st.integers(0, 9)


@st.composite
def _entries(draw: st.DrawFn, name: str) -> Any:
    """What stands behind the name of a check: arguments, or the only one."""
    parameters = BUILT_IN[ALIASES.get(name, name)]
    sizes = "str_length" in name and draw(_SMALL)
    if draw(_SMALL) == 0:
        return draw(_ODD)
    needed = [key for key, must in parameters.items() if must or draw(st.booleans())]
    given = {key: draw(_SMALL if sizes else _ARGUMENTS[key]) for key in needed}
    if len(given) == 1 and draw(st.booleans()):
        return next(iter(given.values()))
    if draw(_SMALL) == 0:
        given[draw(st.sampled_from(["value", "min_value", "options", "x"]))] = draw(_ODD)
    return given


@st.composite
def _columns(draw: st.DrawFn) -> Any:
    """A column in one of Pandera's notations, most of the time one that can be used."""
    column: dict[Any, Any] = {}
    if draw(_SMALL):
        column["dtype"] = draw(st.sampled_from([*TYPES, "Decimal(10, 2)"]))
    for key in ("nullable", "unique", "coerce", "required", "regex"):
        if draw(_SMALL) < 2:
            column[key] = draw(st.booleans())
    if draw(_SMALL) == 0:
        column["report_duplicates"] = draw(st.sampled_from(["all", "exclude_first", "some"]))
    if draw(_SMALL) == 0:
        key = draw(
            st.sampled_from(["title", "name", "description", "default", "index", "metadata"])
        )
        column[key] = draw(_ODD)
    names = draw(st.lists(st.sampled_from([*BUILT_IN, *ALIASES]), max_size=2, unique=True))
    entries = {name: draw(_entries(name)) for name in names}
    notation = draw(st.sampled_from(["flat", "flat", "mapping", "list"]))
    if notation == "flat":
        for name, entry in entries.items():
            if isinstance(entry, dict) and draw(_SMALL) < 2:
                entries[name] = entry | draw(_OPTIONS)
        return column | entries
    if notation == "mapping":
        return column | {"checks": entries}
    listed = [
        (entry if isinstance(entry, dict) else {"value": entry})
        | {"options": {"check_name": name} | (draw(_OPTIONS) if draw(_SMALL) < 2 else {})}
        for name, entry in entries.items()
    ]
    return column | {"checks": listed}


@st.composite
def _schemas(draw: st.DrawFn) -> Any:
    """A schema file; some have a part that is unusual, or wrong."""
    names = draw(st.lists(_NAMES, max_size=3, unique=True))
    schema: dict[Any, Any] = {"columns": {name: draw(_columns()) for name in names}}
    for key in ("coerce", "strict", "ordered"):
        if draw(_SMALL) < 2:
            schema[key] = draw(st.booleans() | st.just("filter"))
    if draw(_SMALL) < 2:
        schema["unique"] = draw(st.lists(_NAMES, max_size=2) | _NAMES | _ODD)
    if draw(_SMALL) < 2:
        key = draw(
            st.sampled_from(
                ["schema_type", "api", "dataframe_library", "version", "name", "title", "index",
                 "dtype", "checks", "metadata", "add_missing_columns", "unique_column_names", "x"]
            )
        )  # fmt: skip
        schema[key] = draw(st.sampled_from(["dataframe", "pandas", "1", False, None, True]))
    return schema


@examples(500)
@given(data=_schemas())
@example(data={"columns": {"a": {"dtype": "datetime64[ns]", "gt": "2018-01-01 00:00:00"}}})
@example(data={"columns": {"a": {"checks": {"isin": {"value": [1], "options": {}}}}}})
def test_a_schema_that_is_read_here_is_the_one_that_pandera_reads(
    by_pandera: Callable[[Any], Any], data: Any
) -> None:
    """Where the short way has an answer, Pandera has no objection, and reads the same."""
    found = read_built_in(copy.deepcopy(data))
    if found is not None:
        assert described(found) == described(by_pandera(data))


def test_most_of_the_generated_schemas_can_be_read(by_pandera: Callable[[Any], Any]) -> None:
    """The property is not proven by saying nothing: usual schemas of each check have an answer."""
    for name, parameters in (BUILT_IN | {k: BUILT_IN[v] for k, v in ALIASES.items()}).items():
        if name == "unique_values_eq":
            continue
        usual = {"allowed_values": ["a", "b"], "forbidden_values": [1, 2.5], "pattern": "^a",
                 "string": "x", "min_value": 1, "max_value": 3, "exact_value": None, "value": 2,
                 "include_min": True, "include_max": False}  # fmt: skip
        entry = {key: usual[key] for key in parameters if usual[key] is not None}
        for column in ({name: entry}, {"checks": [{**entry, "options": {"check_name": name}}]}):
            data = {"columns": {"a": {"dtype": "int64", "nullable": True, **column}}}
            found = read_built_in(data)
            assert found is not None, name
            assert described(found) == described(by_pandera(data)), name


@pytest.mark.parametrize("spelled_type", [*TYPES, "Decimal(10, 2)", "Decimal(38, 0)"])
def test_types_are_those_of_pandera(spelled_type: str) -> None:
    """A spelling stands for the type that Pandera reads it as."""
    found = read_built_in({"columns": {"a": {"dtype": spelled_type}}})
    assert found is not None
    assert found.columns["a"].dtype == file_type(pandera_private.type_of(spelled_type))


_TEXT_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("isin", {"allowed_values": frozenset({"a", "bc"})}),
    ("notin", {"forbidden_values": frozenset({"a"})}),
    ("str_startswith", {"string": "b"}),
    ("str_endswith", {"string": "c"}),
    ("str_length", {"min_value": 1, "max_value": None, "exact_value": None}),
    ("str_length", {"min_value": None, "max_value": 1, "exact_value": None}),
    ("str_length", {"min_value": 1, "max_value": 2, "exact_value": None}),
    ("str_length", {"exact_value": 2}),
]
_NUMBER_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("equal_to", {"value": 2}),
    ("not_equal_to", {"value": 2}),
    ("greater_than", {"min_value": 2}),
    ("greater_than_or_equal_to", {"min_value": 2}),
    ("less_than", {"max_value": 2}),
    ("less_than_or_equal_to", {"max_value": 2}),
    *(
        ("in_range", {"min_value": 1, "max_value": 3, "include_min": low, "include_max": high})
        for low in (True, False)
        for high in (True, False)
    ),
]


@pytest.mark.parametrize(("name", "arguments"), [*_TEXT_CHECKS, *_NUMBER_CHECKS])
def test_expressions_are_those_of_pandera(name: str, arguments: dict[str, Any]) -> None:
    """Each check of a value passes and fails the values that Pandera's own expression does."""
    import pandera.backends.narwhals.builtin_checks as theirs

    text = (name, arguments) in _TEXT_CHECKS
    values = ["", "a", "bc", "ü", "abc", None] if text else [0, 1, 2, 3, 4, None]
    table = nw.from_native(pa.table({"x": values}))
    found = table.select(
        ours=passes(name, nw.col("x"), arguments),
        theirs=getattr(theirs, name)(nw.col("x"), **arguments),
    )
    assert found["ours"].to_list() == found["theirs"].to_list()
    assert {True, False} <= {*found["ours"].to_list()}


FAULTY = [
    "columns: {a: {dtype: int65}}",
    "columns: {a: {in_rnage: {min_value: 1, max_value: 2}}}",
    "columns: {a: {in_range: {min_value: 2, max_value: 1}}}",
    "columns: {a: {str_matches: '['}}",
    "columns: {a: {nulable: true}}",
    "columns: {1: {dtype: int64}}",
    "columns: {a: {isin: [no, maybe]}}",
    "columns: {a: {dtype: int64}}\nunique: [b]",
    "columns: []",
    "a: [",
    "- 1",
]


@pytest.mark.parametrize("text", FAULTY)
def test_faults_are_explained_by_the_whole_reading(folder: Path, text: str) -> None:
    """The message of a schema that cannot be used is the one that it always was."""
    path = folder / "faulty.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(DatareleaseError) as now:
        load_schema(path, name_in_messages="faulty.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema_files, "_without_pandera", lambda path: None)  # noqa: ARG005
        with pytest.raises(DatareleaseError) as before:
            load_schema(path, name_in_messages="faulty.yaml")
    assert (type(now.value), str(now.value)) == (type(before.value), str(before.value))


def test_checks_beside_a_schema_need_pandera(tmp_path: Path) -> None:
    """Where there is a checks file, it is run, whatever the schema names."""
    (tmp_path / "schema.yaml").write_text("columns: {a: {dtype: int64}}", "utf-8")
    found = load_schema(tmp_path / "schema.yaml", name_in_messages="schema.yaml")
    assert isinstance(found, BuiltInSchema)
    (tmp_path / "checks.py").write_text("", "utf-8")
    found = load_schema(tmp_path / "schema.yaml", name_in_messages="schema.yaml")
    assert not isinstance(found, BuiltInSchema)


def test_a_usual_schema_is_read_without_pandera() -> None:
    """The schema of this repository's own dataset brings neither Pandera nor pandas."""
    program = (
        "import sys; from pathlib import Path\n"
        "from datarelease.analysis.validation.schema import contract, load_schema\n"
        f"path = Path({str(ROOT / 'schemas/customers.yaml')!r})\n"
        "contract(load_schema(path, name_in_messages='customers.yaml'))\n"
        "print(*sorted({'pandera', 'pandas'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""

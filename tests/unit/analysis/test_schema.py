"""Schema files: what is refused, and what a schema promises."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pandera.backends.narwhals import builtin_checks

from datarelease.analysis.validation.schema import contract, load_schema
from datarelease.analysis.validation.schema_checks import BUILT_IN
from datarelease.errors import ConfigError, SettingsError

CHECKS = """
from pandera.extensions import register_check_method

@register_check_method(statistics=["low", "high"])
def within(data, *, low, high=9):
    return (data >= low) & (data <= high)

@register_check_method()
def even(data):
    return data % 2 == 0
"""
GOOD = r"""
schema_type: dataframe
version: 0.35.0
api: pandas
title: People
columns:
  id: {dtype: int64, unique: true, greater_than: 0}
  age:
    dtype: float64
    nullable: true
    in_range: {min_value: 0, max_value: 120, include_max: false, ignore_na: false}
    within: {low: 3}
    even:
  name: {dtype: str, isin: [a, b], str_matches: '^\w+$', str_length: {max_value: 3}}
  "x[0-9]": {dtype: int64, regex: true, required: false, ge: 0}
  listed:
    checks:
      - value: 3
        options: {check_name: less_than, raise_warning: true}
      - min_value: 0
        max_value: 1
        options: {check_name: in_range}
checks:
  within: {low: 1, high: 2}
unique: [id, name]
strict: true
ordered: true
"""


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A directory of schemas with custom checks."""
    directory = tmp_path / "schemas"
    directory.mkdir()
    (directory / "checks.py").write_text(CHECKS)
    return directory


def load(directory: Path, text: str, name: str = "s.yaml") -> Any:
    """The schema in ``text``, as a file of this directory."""
    (directory / name).write_text(text)
    return load_schema(directory / name, name_in_messages=f"schemas/{name}")


def problems(directory: Path, text: str, name: str = "s.yaml") -> dict[str, str]:
    """What is wrong with a schema, by place."""
    with pytest.raises(SettingsError) as caught:
        load(directory, text, name)
    return {problem.where: problem.what for problem in caught.value.problems}


def test_a_good_file_keeps_every_promise(schemas: Path) -> None:
    """All attributes and checks of a file, in both notations, arrive in the contract."""
    promised = contract(load(schemas, GOOD))
    assert {column.name: column.checks for column in promised.columns} == {
        "id": ("greater_than(0)",),
        "age": ("in_range(0, 120, include_max=False, ignore_na=False)", "within(low=3)", "even"),
        "name": ("isin(['a', 'b'])", r"str_matches('^\\w+$')", "str_length(max_value=3)"),
        "x[0-9]": ("greater_than_or_equal_to(0)",),
        "listed": ("less_than(3, raise_warning=True)", "in_range(0, 1)"),
    }
    assert [(c.type, c.nullable, c.unique, c.required) for c in promised.columns] == [
        ("int64", False, True, True),
        ("float64", True, False, True),
        ("string", False, False, True),
        ("int64", False, False, False),
        (None, False, False, True),
    ]
    assert promised.checks == ("unique(id, name)", "ordered", "within(low=1, high=2)")
    assert promised.strict


COLUMN = "schema_type: dataframe\ncolumns:\n  a: {{dtype: int64, {}}}\n"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("colums: {}\ncolumns: {a: {}}", "colums", "unknown key; did you mean columns?"),
        (COLUMN.format("nulable: true"), "columns.a.nulable", "unknown key; did you mean nullable"),
        (COLUMN.format("in_rnage: 3"), "columns.a.in_rnage", "unknown key; did you mean in_range"),
        (COLUMN.format("evn: "), "columns.a.evn", "unknown key; did you mean even?"),
        (COLUMN.format("has_dims: [a]"), "columns.a.has_dims", "unknown key"),
        (COLUMN.format("get_backend: 1"), "columns.a.get_backend", "unknown key"),
        (COLUMN.format("checks: {gtt: 1}"), "columns.a.gtt", "unknown check; did you mean gt?"),
        ("columns: {a: {}}\nchecks: {isinn: [1]}", "checks.isinn", "unknown check; .* isin?"),
        (COLUMN.format("in_range: {min_value: 1, max: 2}"), "columns.a.in_range.max", "argument"),
        (COLUMN.format("in_range: {min_value: 1}"), "columns.a.in_range", "needs max_value"),
        (COLUMN.format("in_range: [1, 2]"), "columns.a.in_range", "TypeError|ValueError"),
        (COLUMN.format("in_range: {min_value: 2, max_value: 1}"), "columns.a.in_range",
         "max_value"),
        (COLUMN.format("within: {lo: 1}"), "columns.a.within.lo", "did you mean low?"),
        (COLUMN.format("within: {high: 1}"), "columns.a.within", "needs low"),
        (COLUMN.format("str_length: {}"), "columns.a.str_length", "minimum or a maximum"),
        (COLUMN.format("str_matches: '(('"), "columns.a.str_matches", "missing \\)"),
        (COLUMN.format("isin: [NO, SE]"), "columns.a.isin", "quotes"),
        (COLUMN.format("gt: {min_value: 1, options: {ignore_nan: true}}"),
         "columns.a.gt.options.ignore_nan|columns.a.gt.ignore_nan", "did you mean ignore_na"),
        (COLUMN.format("checks: [{value: 3}]"), "columns.a.checks", "without a name"),
        (COLUMN.format("checks: {gt: 1}, lt: 3"), "columns.a.checks", "drops those beside"),
        ("columns: {a: {dtype: itn64}}", "columns.a.dtype", "did you mean int64?"),
        ("columns: {a: {dtype: 'period[D]'}}", "columns.a.dtype", "no column .* can be period"),
        ("columns: {a: {nullable: maybe}}", "columns.a.nullable", "true or false"),
        ("columns: {a: {default: 3}}", "columns.a.default", "fill in data"),
        ("columns: {a: {}}\nindex: [{}]", "index", "no index"),
        ("columns: {a: {}}\nstrict: filter", "strict", "true or false"),
        ("columns: {a: {}}\nadd_missing_columns: true", "add_missing_columns", "change the data"),
        ("columns: {a: {}}\nunique: [b]", "unique.b", "unknown column"),
        ("columns: {a: {}}\napi: polars", "api", "must be pandas"),
        ("columns: {a: {}}\nschema_type: series", "schema_type", "must be dataframe"),
        ("columns: {1: {}}", "columns.1", "quotes"),
        ("columns: {a: 3}", "columns.a", "mapping"),
        ("columns: [a]", "columns", "mapping"),
        ("columns: {'((': {regex: true}}", r"columns.\(\(", "not a regular expression"),
        ("title: x", "columns", "checks nothing"),
    ],
)  # fmt: skip
def test_what_pandera_would_drop_is_refused(
    schemas: Path, text: str, where: str, what: str
) -> None:
    """Each fault is told with its place, and with the name that was probably meant."""
    found = problems(schemas, text)
    assert len(found) == 1
    ((place, said),) = found.items()
    assert place.startswith("schemas/s.yaml: ")
    assert re.fullmatch(where, place.removeprefix("schemas/s.yaml: ")), place
    assert re.search(what, said), said


def test_all_faults_are_told_at_once(schemas: Path) -> None:
    """Faults of several columns and of the table come in one message, in the file's order."""
    text = "colums: 1\ncolumns: {a: {dtyp: int64}, b: {gtt: 3, nulable: true}}\nunique: [c]\n"
    assert list(problems(schemas, text)) == [
        "schemas/s.yaml: colums",
        "schemas/s.yaml: columns.a.dtyp",
        "schemas/s.yaml: columns.b.gtt",
        "schemas/s.yaml: columns.b.nulable",
        "schemas/s.yaml: unique.c",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {a: [}", r"not YAML: .*line 1, column"),
        ("columns:\n  a: {}\n  a: {}\n", r"'a' occurs twice \(line 3, column 3\)"),
        ("- a\n", "not a mapping"),
        ("", "not a mapping"),
        ("columns: {a: !!python/object:os.system {}}", "not YAML"),
    ],
)
def test_broken_files(schemas: Path, text: str, said: str) -> None:
    """What is no schema at all is told with line and column, as a matter of configuration."""
    with pytest.raises(ConfigError, match=said) as caught:
        load(schemas, text)
    assert caught.value.exit_code == 2
    assert "schemas/s.yaml" in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    """A schema that is not there is named."""
    with pytest.raises(ConfigError, match=r"no schema file schemas/x\.yaml"):
        load_schema(tmp_path / "x.yaml", name_in_messages="schemas/x.yaml")


def test_not_utf8(schemas: Path) -> None:
    """A schema in another encoding is told so."""
    (schemas / "s.yaml").write_bytes(b"title: caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_schema(schemas / "s.yaml", name_in_messages="s.yaml")


MODEL = """
import pandera.pandas as pa
from checks import within
from schemas.checks import even

class Schema(pa.DataFrameModel):
    a: int = pa.Field(ge=3, nullable=True)

    @pa.check("a")
    def small(cls, values):
        return values < 9

    @pa.dataframe_check
    def whole(cls, table):
        return table["a"] > 3
"""


def test_python_models(schemas: Path) -> None:
    """A DataFrameModel with checks of its own, importing the checks beside it, is a schema."""
    promised = contract(load(schemas, MODEL, "m.py"))
    assert promised.columns[0].checks == ("greater_than_or_equal_to(3)", "small")
    assert promised.checks == ("whole",)


def test_python_schemas(schemas: Path) -> None:
    """A DataFrameSchema is one, with the registered checks as methods."""
    text = """
import pandera.pandas as pa
schema = pa.DataFrameSchema({"a": pa.Column(int, pa.Check.even())})
"""
    assert contract(load(schemas, text, "m.py")).columns[0].checks == ("even",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "it has none"),
        (
            "import pandera.pandas as pa\na = pa.DataFrameSchema()\nb = pa.DataFrameSchema()\n",
            r"several \(a, b\)",
        ),
        ("1 / 0\n", r"ZeroDivisionError: .* \(line 1\)"),
        ("\n\nx = (\n", r"SyntaxError: .* \(line 3\)"),
        ("import nowhere\n", r"ModuleNotFoundError: .*nowhere.* \(line 1\)"),
    ],
)
def test_broken_python_files(schemas: Path, text: str, said: str) -> None:
    """A Python file without a schema, with several, or one that raises is told so with its line."""
    with pytest.raises(ConfigError, match=said):
        load(schemas, text, "m.py")


def test_python_schemas_that_change_data(schemas: Path) -> None:
    """Parsers, defaults, indexes and filters of a Python schema are refused, all at once."""
    text = """
import pandera.pandas as pa
schema = pa.DataFrameSchema(
    {"a": pa.Column(int, default=3, parsers=pa.Parser(lambda s: s)), "b": pa.Column("period[D]")},
    index=pa.Index(int), strict="filter", add_missing_columns=True, drop_invalid_rows=True,
)
"""
    assert list(problems(schemas, text, "m.py")) == [
        f"schemas/m.py: schema.{place}"
        for place in [
            "index", "add_missing_columns", "drop_invalid_rows", "strict", "columns.a.parsers",
            "columns.a.default", "columns.b.dtype",
        ]
    ]  # fmt: skip


def test_checks_of_two_repositories(tmp_path: Path) -> None:
    """Two repositories may each have a check of one name; each schema gets its own."""
    outcomes = []
    for bound in (1, 2):
        directory = tmp_path / str(bound)
        directory.mkdir()
        (directory / "checks.py").write_text(
            "from pandera.extensions import register_check_method\n"
            f"@register_check_method()\ndef mine(data):\n    return data > {bound}\n"
        )
        schema = load(directory, "columns: {a: {dtype: int64, mine: }}")
        outcomes.append(schema.columns["a"].checks[0]._check_fn(2))
    assert outcomes == [True, False]


def test_checks_that_went(tmp_path: Path) -> None:
    """A check that an earlier schema registered is unknown to a later one."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "checks.py").write_text(CHECKS)
    load(tmp_path / "a", "columns: {a: {even: }}")
    (tmp_path / "b").mkdir()
    assert "unknown key" in str(problems(tmp_path / "b", "columns: {a: {even: }}"))


def test_broken_checks_file(schemas: Path) -> None:
    """A checks file that raises is named with its line."""
    (schemas / "checks.py").write_text("import os\nraise ValueError('no')\n")
    with pytest.raises(ConfigError, match=r"schemas/checks.py .*ValueError: no \(line 2\)"):
        load(schemas, GOOD)


def test_every_built_in_check_of_pandera_is_known() -> None:
    """The checks of tables are Pandera's Narwhals checks and the one that needs a query."""
    tree = ast.parse(Path(builtin_checks.__file__).read_text())
    theirs = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(BUILT_IN) == theirs | {"unique_values_eq"}


def test_files_that_pandera_writes(schemas: Path) -> None:
    """What Pandera itself writes for a schema is read back with the same promises."""
    schema = load(schemas, GOOD)
    written = schema.to_yaml()
    assert yaml.safe_load(written)["columns"]
    assert contract(load(schemas, written, "again.yaml")) == contract(schema)

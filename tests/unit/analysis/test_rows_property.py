"""Row diffs against a full join in plain Python, over random tables, files and engines."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowChange, RowDiff
from datarelease.model.review.report import EXAMPLES, MASK
from datarelease.model.wording import plural

Row = Mapping[str, Any]
Rows = Sequence[Row]

NOON = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - of a column without a zone
FLOATS = (-math.inf, -0.0, 0.5)
#: Kind -> Arrow type before and after, and the value made of a small number.
KEYS: dict[str, tuple[pa.DataType, pa.DataType, Callable[[int], Any]]] = {
    "integer": (pa.int64(), pa.int64(), lambda n: n - 5),
    "wider": (pa.int16(), pa.int32(), lambda n: n - 5),
    "text": (pa.string(), pa.string(), lambda n: "aäz😀"[n % 4] * (n // 4)),
    "day": (pa.date32(), pa.date32(), lambda n: NOON.date() + dt.timedelta(n)),
    "time": (pa.timestamp("us"), pa.timestamp("us"), lambda n: NOON + dt.timedelta(0, 0, n)),
    "coarse": (pa.timestamp("ms"), pa.timestamp("ms"), lambda n: NOON + dt.timedelta(n)),
    "zoned": (
        pa.timestamp("us", "UTC"),
        pa.timestamp("us", "UTC"),
        lambda n: (NOON + dt.timedelta(n)).replace(tzinfo=dt.UTC),
    ),
    "float": (pa.float64(), pa.float64(), lambda n: FLOATS[n] if n < len(FLOATS) else float(n)),
    "decimal": (pa.decimal128(9, 2), pa.decimal128(9, 2), lambda n: Decimal(n) / 4),
    "boolean": (pa.bool_(), pa.bool_(), lambda n: n % 2 == 1),
}
#: Column -> Arrow type before and after; None: there is no such column.
COLUMNS: dict[str, tuple[pa.DataType | None, pa.DataType | None]] = {
    "num": (pa.float64(), pa.float64()),
    "te|xt": (pa.string(), pa.string()),
    "small": (pa.int32(), pa.int64()),
    "list": (pa.list_(pa.int64()), pa.list_(pa.int64())),
    "retyped": (pa.int64(), pa.string()),
    "mail": (pa.string(), pa.string()),
    "when": (pa.date32(), pa.date32()),
    "gone": (pa.int64(), None),
    "new": (None, pa.int64()),
}
COMPARED = ("num", "te|xt", "small", "list", "mail", "when")
VALUES = st.fixed_dictionaries(
    {
        "num": st.sampled_from([None, math.nan, 0.0, -0.0, 1.5, math.inf, -math.inf]),
        "te|xt": st.sampled_from([None, "", "a", "😀", "x" * 300]),
        "small": st.sampled_from([None, 0, 7]),
        "list": st.sampled_from([None, [], [1], [None]]),
        "mail": st.sampled_from([None, "secret"]),
        "when": st.sampled_from([None, dt.date(2026, 2, 28)]),
    }
)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[DuckDBEngine]]:
    """Engines with other memory limits, numbers of threads and of rows in a range of keys."""
    spill = tmp_path_factory.mktemp("spill")
    with (
        DuckDBEngine(temp_directory=spill, threads=1, memory_limit="100MB", range_rows=1) as one,
        DuckDBEngine(temp_directory=spill, threads=2, range_rows=4) as two,
        DuckDBEngine(temp_directory=spill, threads=4) as three,
    ):
        yield [one, two, three]


@st.composite
def keyed_rows(draw: st.DrawFn, kind: str) -> tuple[Rows, Rows]:
    """Rows before and after: mostly with keys that identify them, mostly with equal values."""
    place = st.integers(0, 1 if kind == "boolean" else 13)
    faulty = draw(st.integers(0, 5)) == 0
    numbers = st.lists(st.none() | place if faulty else place, max_size=14, unique=not faulty)
    common = {n: draw(VALUES) for n in range(14)}
    found = []
    for edited in (False, True):
        listed = draw(numbers)
        if not faulty and draw(st.booleans()):
            listed.sort()
        kept = st.sampled_from([True, True, False]) if edited else st.just(value=True)
        found.append(
            [
                {"n": n, **(common[n] if n in common and draw(kept) else draw(VALUES))}
                for n in listed
            ]
        )
    return found[0], found[1]


def key_of(kinds: Sequence[str], row: Row) -> tuple[Any, ...]:
    """The key of a row; of a pair the first value repeats, and the second decides."""
    number = row["n"]
    if len(kinds) == 1 or number is None:
        return tuple(None if number is None else KEYS[kind][2](number) for kind in kinds)
    return KEYS[kinds[0]][2](number // 3), KEYS[kinds[1]][2](2 - number % 3)


def arrow(kinds: Sequence[str], rows: Rows, side: int) -> pa.Table:
    """The rows as a table, the key's columns among the others."""
    keys = [key_of(kinds, row) for row in rows]
    table = {
        name: pa.array([row.get(name) for row in rows], types[side], from_pandas=False)
        for name, types in COLUMNS.items()
        if types[side] is not None
    }
    for place, kind in enumerate(kinds):
        table[f"k {place}"] = pa.array([key[place] for key in keys], KEYS[kind][side])
    return pa.table(table)


def equal(one: Any, two: Any) -> bool:
    """Whether two values are the same, NaN being null."""
    one, two = (None if isinstance(v, float) and math.isnan(v) else v for v in (one, two))
    return bool(one == two)


def shown(value: Any) -> Any:
    """A value as an example has it."""
    if isinstance(value, dt.date):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, float):
        return None if math.isnan(value) else str(value) if math.isinf(value) else value + 0.0
    return value[:200] if isinstance(value, str) else value


def cell(name: str, row: Row) -> Any:
    """A row's value in an example, or what stands for it."""
    return {"mail": MASK, "list": "(list<int64>)"}.get(name, shown(row[name]))


def joined(kinds: Sequence[str], before: Rows, after: Rows) -> RowDiff | str:
    """The row diff by dictionaries and loops."""
    names = tuple(f"k {place}" for place in range(len(kinds)))
    said = ", ".join(map(repr, names))
    for rows, when in ((before, "before"), (after, "after")):
        keys = [key_of(kinds, row) for row in rows]
        if missing := sum(None in key for key in keys):
            return f"the key {said} is null in {plural(missing, 'row')} {when}"
        if more := len(keys) - len(set(keys)):
            return f"the key {said} is not unique {when}: {plural(more, 'row')} too many"
    old, new = ({key_of(kinds, row): row for row in rows} for rows in (before, after))
    differing = {
        key: [name for name in COMPARED if not equal(old[key][name], new[key][name])]
        for key in old.keys() & new.keys()
    }
    keys_of = {
        "changed": sorted(key for key, columns in differing.items() if columns),
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
    }
    turns = [kind for place in range(EXAMPLES) for kind, k in keys_of.items() if place < len(k)]
    places = Counter(turns[:EXAMPLES])
    examples = []
    for kind, keys in keys_of.items():
        for key in keys[: places[kind]]:
            sides = (old.get(key), new.get(key))
            columns = differing[key] if kind == "changed" else COMPARED
            values = tuple(
                (name, *(None if side is None else cell(name, side) for side in sides))
                for name in columns
            )
            named = tuple(zip(names, map(shown, key), strict=True))
            examples.append(RowChange(kind=kind, key=named, values=values))  # type: ignore[arg-type]
    changes = Counter(name for columns in differing.values() for name in columns)
    return RowDiff(
        key=names,
        added=len(keys_of["added"]),
        removed=len(keys_of["removed"]),
        changed=len(keys_of["changed"]),
        unchanged=len(differing) - len(keys_of["changed"]),
        columns=tuple(sorted(changes.items(), key=lambda found: (-found[1], found[0]))),
        examples=tuple(examples),
    )


@st.composite
def written(draw: st.DrawFn, table: pa.Table) -> list[tuple[pa.Table, int]]:
    """The table cut into parts, in any order, each with the size of its row groups."""
    cuts = sorted(draw(st.lists(st.integers(0, table.num_rows), max_size=3)))
    bounds = zip([0, *cuts], [*cuts, table.num_rows], strict=True)
    parts = draw(st.permutations([table.slice(low, high - low) for low, high in bounds]))
    return [(part, draw(st.sampled_from([1, 2, 1000]))) for part in parts]


@examples(30, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_diff_is_that_of_a_full_join_in_plain_python(
    engines: list[DuckDBEngine], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Counts, columns, examples and refusals, whatever the keys, files, threads and memory."""
    kind = data.draw(st.sampled_from(list(KEYS)), label="kind")
    second = data.draw(st.none() | st.sampled_from(["text", "decimal"]), label="second")
    kinds = [kind, second] if second is not None and kind != "boolean" else [kind]
    sides = data.draw(keyed_rows(kind), label="rows")
    directory = tmp_path_factory.mktemp("rows")
    tables: list[Table | None] = []
    for side, rows in enumerate(sides):
        paths = []
        for place, (part, size) in enumerate(data.draw(written(arrow(kinds, rows, side)))):
            paths.append(directory / f"{side}-{place}.parquet")
            pq.write_table(part, paths[-1], row_group_size=size)
        absent = not rows and data.draw(st.booleans(), label="no files")
        tables.append(None if absent else Table(paths=tuple(paths), format="parquet"))
    names = tuple(f"k {place}" for place in range(len(kinds)))
    dataset = Dataset(name="d", path="d", key=names, pii=("mail",))
    if tables == [None, None]:
        return
    engine = data.draw(st.sampled_from(engines), label="engine")
    found = diff_rows(engine, tables[0], tables[1], dataset)
    if None not in tables:
        assert found == joined(kinds, *sides)
        return
    # With the columns of the one side that there is.
    expected = joined(kinds, *sides)
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
    else:
        assert (found.added, found.removed) == (expected.added, expected.removed)
        assert [row.key for row in found.examples] == [row.key for row in expected.examples]

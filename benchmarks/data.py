"""The inputs: customers as one Parquet file, or as many small part files. Kept between runs."""

# ruff: noqa: S608 - the paths and names are those of the benchmark

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from benchmarks.places import DATA, ROOT, run

BEFORE: dict[str, str] = {}
AFTER = {"churn_rate": "0.26"}
"""The edit under review; with it every hundredth customer is new and one in twelve changes."""
PART_ROWS = 200

_SPLIT = """\
import sys, pathlib, duckdb, pyarrow.csv as pc, pyarrow.parquet as pq
source, target, parts, ending = sys.argv[1], pathlib.Path(sys.argv[2]), *sys.argv[3:]
table = pq.read_table(source)
rows = -(-table.num_rows // int(parts))
for number in range(int(parts)):
    part, file = table.slice(number * rows, rows), target / f"part-{number:05}.{ending}"
    if ending == "parquet":
        pq.write_table(part, file)
    elif ending == "csv":
        pc.write_csv(part, file)
    else:
        duckdb.sql(f"COPY part TO '{file}' (FORMAT json)")
"""
_EIGHT = "customer_id, email, country, birth_date, plan, monthly_spend, last_order, churned"
EIGHT = tuple(_EIGHT.split(", "))
_BAD = {
    "customer_id": "customer_id % 20 = 0, customer_id - 1",
    "email": "customer_id % 30 = 0, 'nobody'",
    "country": "customer_id % 40 = 0, 'XX'",
    "birth_date": "customer_id % 50 = 0, TIMESTAMP '1800-01-01'",
    "plan": "customer_id % 60 = 0, NULL",
    "monthly_spend": "customer_id % 70 = 0, -1.0",
    "last_order": "customer_id % 80 = 0, TIMESTAMP '2017-12-31'",
}
"""When a row fails a check of a column, and what it holds then."""
_FAILING = """\
-(i // 2) AS customer_id, 'Customer ' || i AS email, 'X' || i % 9 AS country,
TIMESTAMP '1800-01-01' + to_days(i % 9999) AS birth_date, 'plan ' || i % 5 AS plan,
-1.0 - i % 10000 / 100 AS monthly_spend,
TIMESTAMP '2000-01-01' + to_seconds(i % 99999999) AS last_order, NULL::BOOLEAN AS churned
"""
_NARROW = """\
import sys, duckdb
source, target, columns, order = sys.argv[1:]
duckdb.sql(f"SELECT {columns} FROM '{source}' {order}").write_parquet(
    target, compression="zstd", row_group_size=122880
)
"""
_WRITE = """\
import sys, duckdb
duckdb.execute("SET memory_limit = '2GB'")
duckdb.sql(sys.argv[1]).write_parquet(sys.argv[2], compression="zstd", row_group_size=122880)
"""


def edited(params: str, edits: dict[str, str]) -> str:
    r"""The text of params.yaml with values of the ``make:`` section replaced.

    >>> edited("make:\n  rows: 20_000  # customers\n", {"rows": "5"})
    'make:\n  rows: 5\n'

    Raises:
        KeyError: It has no such line.
    """
    lines = params.splitlines(keepends=True)
    for name, value in edits.items():
        place = next((n for n, line in enumerate(lines) if line.startswith(f"  {name}:")), None)
        if place is None:
            raise KeyError(name)
        lines[place] = f"  {name}: {value}\n"
    return "".join(lines)


def customers(rows: int, edits: dict[str, str]) -> Path:
    """A Parquet file with so many customers, made unless it is there already."""
    text = edited((ROOT / "params.yaml").read_text(encoding="utf-8"), {"rows": str(rows), **edits})
    params = text.partition("\nrelease:")[0]
    target = DATA / f"customers-{rows}-{_digest(params)}.parquet"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        source = target.with_suffix(".yaml")
        source.write_text(params, encoding="utf-8")
        make = ROOT / "src" / "make_tabular_data.py"
        run(sys.executable, make, "--params", source, "--out", target, cwd=ROOT)
    return target


def eight_columns(customers: Path, *, sorted_by_key: bool) -> Path:
    """A Parquet file with eight columns of customers, in the order of their key or in none."""
    target = customers.with_suffix(f".{'sorted' if sorted_by_key else 'shuffled'}.parquet")
    if not target.is_file():
        scratch = target.with_name(f"{target.name}.partial")
        order = f"ORDER BY {'customer_id' if sorted_by_key else 'hash(customer_id)'}"
        run(sys.executable, "-c", _NARROW, customers, scratch, _EIGHT, order, cwd=ROOT)
        scratch.rename(target)
    return target


def failing_some(table: Path) -> Path:
    """A table of `eight_columns` in which each column but the last fails in one row of 20 to 80."""
    changed = [
        f"CASE WHEN {when} THEN {value} ELSE {name} END AS {name}"
        for name, (when, value) in ((name, bad.split(", ")) for name, bad in _BAD.items())
    ]
    query = f"SELECT * REPLACE ({', '.join(changed)}) FROM '{table}'"
    return _written(table.with_suffix(".bad.parquet"), query)


def failing_all(rows: int) -> Path:
    """A table of eight columns in which every row fails every check."""
    target = DATA / f"failing-{rows}.parquet"
    return _written(target, f"SELECT {_FAILING} FROM range({rows}) r(i)")


def repeated(table: Path, times: int) -> Path:
    """A table of `eight_columns` so many times, each time with ids and addresses of its own."""
    target = table.with_suffix(f".{times}-times.parquet")
    rest = ", ".join(EIGHT[2:])
    rows = f"(SELECT max(customer_id) FROM '{table}')"
    again = (
        f"SELECT customer_id + {number} * {rows} AS customer_id, "
        f"'{number}' || email AS email, {rest} FROM '{table}'"
        for number in range(times)
    )
    return _written(target, " UNION ALL ".join(again))


def _written(target: Path, query: str) -> Path:
    """The rows of a query as a Parquet file, in their order, made unless it is there already."""
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f"{target.name}.partial")
        run(sys.executable, "-c", _WRITE, query, scratch, cwd=ROOT)
        scratch.rename(target)
    return target


def parts(count: int, rows: int = PART_ROWS, ending: str = "parquet") -> Path:
    """A directory with ``count`` files of so many customers each: Parquet, or as the ending says.

    The other endings are ``csv`` and ``jsonl``.
    """
    whole = customers(count * rows, BEFORE)
    kind = "" if ending == "parquet" else f"-{ending}"
    target = whole.with_suffix(f".{count}{kind}-parts")
    if not target.is_dir():
        scratch = target.with_name(f"{target.name}.partial")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        run(sys.executable, "-c", _SPLIT, whole, scratch, str(count), ending, cwd=ROOT)
        scratch.rename(target)
    return target


def size(path: Path) -> int:
    """Bytes of a file, or of all files of a directory."""
    files = [path] if path.is_file() else path.iterdir()
    return sum(file.stat().st_size for file in files)


def _digest(params: str) -> str:
    """Names an input by everything its bytes come from."""
    digest = hashlib.sha256(params.encode())
    sources = [ROOT / "src" / "make_tabular_data.py", *sorted((ROOT / "src/customers").iterdir())]
    for source in sources:
        if source.is_file():
            digest.update(source.read_bytes())
    return digest.hexdigest()[:12]

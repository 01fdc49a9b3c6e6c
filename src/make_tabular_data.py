"""Generator stage: writes data/customers.parquet from the `make:` section of params.yaml.

Belongs here: the file, its progress and the command. Does not: what stands in the columns
(`customers.columns`) and what is wrong with parameters (`customers.params`).

Equal parameters give equal bytes on every run and machine with the same pins: values depend on
(seed, column, row) alone, see `customers.draws`; row groups have a fixed size, whatever made
them; one thread writes; every writer option that pyarrow might choose anew is fixed here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from customers.columns import SCHEMA, Customers
from customers.draws import spend_table
from customers.names import read_names
from customers.params import ParamsError, read_params

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from customers.names import Names
    from customers.params import MakeParams

NAMES = Path(__file__).parent / "customers" / "names.yaml"
# Part of the file format: another size means other bytes. A group in the making takes about
# 100 MB, however many rows the file has.
ROWS_PER_GROUP = 131_072


def batches(
    params: MakeParams, names: Names, rows_per_group: int = ROWS_PER_GROUP
) -> Iterator[pa.RecordBatch]:
    """Yield all customers in order, one row group at a time."""
    spend = spend_table(params.spend_median, params.spend_spread)
    for first in range(0, params.rows, rows_per_group):
        rows = min(rows_per_group, params.rows - first)
        yield Customers(params=params, names=names, spend=spend, first=first, rows=rows).batch()


def write(out: Path, groups: Iterator[pa.RecordBatch], progress: Callable[[int], None]) -> None:
    """Write record batches to a Parquet file, one row group each, and put it in place at the end.

    A run that is stopped leaves an older file at `out` as it was. `progress` is called with the
    number of rows after each group.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"{out.name}.partial")
    try:
        with pq.ParquetWriter(
            partial,
            SCHEMA,
            version="2.6",
            data_page_version="1.0",
            # Not snappy: it picks another hash function, hence other bytes, by CPU.
            compression="zstd",
            compression_level=1,
            use_dictionary=True,
            write_statistics=True,
        ) as writer:
            for batch in groups:
                writer.write_table(pa.Table.from_batches([batch]), row_group_size=len(batch))
                progress(len(batch))
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 written, 2 bad parameters (all listed on stderr, nothing written)."""
    parser = argparse.ArgumentParser(description="Make the customers dataset.")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--out", type=Path, default=Path("data/customers.parquet"))
    options = parser.parse_args(arguments)
    names = read_names(NAMES)
    try:
        params = read_params(options.params, names.countries)
    except ParamsError as error:
        sys.stderr.writelines(f"{options.params}: {problem}\n" for problem in error.problems)
        sys.stderr.write("Nothing was written; correct the above and run again.\n")
        return 2
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("customers", total=params.rows)
        write(options.out, batches(params, names), lambda rows: bar.advance(task, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How many rows each probe finds: one aggregate query for all of them.

Probes of a column of text with few different values look at each value once: it is grouped first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import PART, UnreadableTable
from datarelease.analysis.validation.checks import Probe
from datarelease.errors import ConfigError, WorldError

Row = Mapping[str, Any]
_ROWS = "\N{SYMBOL FOR START OF TEXT}rows"


def tally(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    probes: Sequence[Probe],
    dataset: str,
    grouped: Mapping[str, nw.LazyFrame[Any]] | None = None,
) -> tuple[int, list[int]]:
    """The rows of ``frame``, and for each probe how many of them fail.

    Of a column that is ``grouped``, its frame has the values, and of each the rows (`groups`).

    Raises:
        ConfigError: The engine cannot evaluate a probe. That is no violation: nobody knows how many
            rows would fail.
        UnreadableTable, WorldError: As `Engine.collect`.
    """
    whole = _figures(probes, {})
    own: dict[str, dict[str, nw.Expr]] = {}
    for place, probe in enumerate(probes):
        if grouped and len(probe.show) == 1 and (name := probe.show[0]) in grouped:
            own.setdefault(name, {})[f"n{place}"] = (_fails(probe) * nw.col(_ROWS)).sum()
            del whole[f"n{place}"]
    (row,) = _collected(engine, frame, lambda: frame.select(**whole), probes, dataset)
    for name, figures in own.items():
        values = (grouped or {})[name]
        row |= _collected(engine, frame, partial(values.select, **figures), probes, dataset)[0]
    return counts(row, probes)


def groups(frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    """The different values of a column, and how many rows have each, for `tally`."""
    # `group_by` on DuckDB takes a name with a dot for a column of a table.
    values = frame.select(value=nw.col(column)).group_by("value").agg(nw.len().alias(_ROWS))
    return values.select(nw.col("value").alias(column), nw.col(_ROWS))


def tally_parts(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    probes: Sequence[Probe],
    also: Mapping[str, nw.Expr],
    dataset: str,
) -> dict[int, Row]:
    """What `counts` reads, by the place of each part that has rows, and the figures ``also``.

    ``frame`` is one of `Engine.scan_parts`. Errors are those of `tally`.
    """
    figures = _figures(probes, also)
    rows = _collected(engine, frame, lambda: frame.group_by(PART).agg(**figures), probes, dataset)
    return {int(row[PART]): row for row in rows}


def counts(row: Row, probes: Sequence[Probe]) -> tuple[int, list[int]]:
    """The number of rows, and for each probe how many of them fail."""
    return int(row["rows"]), [int(row[f"n{place}"] or 0) for place in range(len(probes))]


def _figures(probes: Sequence[Probe], also: Mapping[str, nw.Expr]) -> dict[str, nw.Expr]:
    failing = {f"n{place}": _failing(probe) for place, probe in enumerate(probes)}
    return {"rows": nw.len(), **failing, **also}


def _collected(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    asked: Callable[[], nw.LazyFrame[Any]],
    probes: Sequence[Probe],
    dataset: str,
) -> list[dict[str, Any]]:
    try:
        return engine.collect(asked())
    except (UnreadableTable, WorldError):
        raise
    # Of no common kind: DuckDB refuses an expression when it is built, other engines later.
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends the run
        raise _refused(engine, frame, probes, dataset) or error from None


def _failing(probe: Probe) -> nw.Expr:
    return _fails(probe).sum()


def _fails(probe: Probe) -> nw.Expr:
    return probe.fails.cast(nw.Int64)  # Spark adds up no booleans


def _refused(
    engine: Engine, frame: nw.LazyFrame[Any], probes: Sequence[Probe], dataset: str
) -> ConfigError | None:
    """The error that names those of the probes which the engine cannot evaluate, if there are."""
    broken = [probe for probe in probes if not _runs(engine, frame, probe)]
    if not broken:
        return None
    checks = ", ".join(
        f"{failed.check} of {'the table' if failed.column is None else repr(failed.column)}"
        for failed in (probe.failed for probe in broken)
    )
    return ConfigError(
        f"{dataset}: the engine cannot evaluate {checks}.",
        untouched="Nothing was written.",
        remedy="Write the check in another way, or remove it from the schema.",
    )


def _runs(engine: Engine, frame: nw.LazyFrame[Any], probe: Probe) -> bool:
    try:
        engine.collect(frame.head(1).select(n=_failing(probe)))
    except (UnreadableTable, WorldError):
        raise
    except Exception:  # noqa: BLE001 - the question is whether anything is raised
        return False
    return True

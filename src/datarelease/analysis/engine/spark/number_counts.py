"""Numbers counted by Spark: bounds, sums, and the cells that floats are in.

Spark has no function that returns the bits of a float. They are computed here by operations that
round nothing: comparisons, products with powers of two, and differences of near values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.number_counts import LOWER_BITS, NumberFigures
from datarelease.analysis.engine.spark.narwhals_private import in_backticks
from datarelease.analysis.engine.spark.spark_private import FUNCTIONS as F

_MANTISSA = 52
_BIAS = 1023
_NORMAL = 2.0**-1022
_HALF_WAY = 2.0**537
"""Squared, it makes whole numbers of floats below the normal ones."""
_NO_DATES = (2**31 - 1, 1 - 2**31)
_NO_TIMES = (2**63 - 1, 1 - 2**63)
"""What other systems write for times without end."""
_BOUNDS = ("count", "low", "high", "lowest", "highest", "total")


class SparkNumberCounts:
    """`NumberCounts` of frames of Spark."""

    def __init__(self, arrow: Callable[[Any], pa.Table]) -> None:
        """``arrow`` runs a data frame of Spark and returns its rows."""
        self._arrow = arrow

    def figures(
        self, frame: nw.LazyFrame[Any], filled: Sequence[str], numbers: Sequence[str]
    ) -> tuple[int, Mapping[str, int], Mapping[str, NumberFigures]]:
        """Rows, filled values and bounds, in one query; see `NumberCounts.figures`."""
        types = frame.collect_schema()
        columns = [F.col(in_backticks(name)) for name in (*filled, *numbers)]
        read = [column.alias(f"any{place}") for place, column in enumerate(columns)]
        queried = [F.count(F.lit(1)).alias("rows")]
        queried += [F.count(f"any{place}").alias(f"filled{place}") for place in range(len(columns))]
        for place, name in enumerate(numbers):
            # Two columns: Sail tells results apart by their text, without casts.
            values = _finite(name, types[name])
            read += [values.alias(f"value{place}"), values.cast("double").alias(f"near{place}")]
            queried += _figures(place, whole=not _is_real(types[name]))
        (row,) = self._arrow(frame.to_native().select(*read).agg(*queried)).to_pylist()
        counts = {name: int(row[f"filled{n}"]) for n, name in enumerate((*filled, *numbers))}
        found = {}
        for place, name in enumerate(numbers):
            said = {what: row[f"{what}{place}"] for what in _BOUNDS}
            if said["count"]:
                total = None if said["total"] is None else int(said["total"])
                found[name] = NumberFigures(**said | {"total": total})
        return int(row["rows"]), counts, found

    def cells(
        self,
        frame: nw.LazyFrame[Any],
        levels: Mapping[str, int],
        inside: Mapping[str, tuple[int, Sequence[int]]],
    ) -> pa.Table:
        """Positions by cell, in one query; see `NumberCounts.cells`."""
        types = frame.collect_schema()
        values = [_finite(name, types[name]).cast("double") for name in levels]
        found = []
        for place, (name, level) in enumerate(levels.items()):
            point = F.col(f"point{place}")
            if name in inside:
                coarse, numbers = inside[name]
                point = F.when(F.shiftright(point, coarse).isin(list(numbers)), point)
            cell = F.shiftright(point, level)
            rest = point - F.shiftleft(cell, level)
            found.append(F.struct(cell.alias("cell"), point.alias("point"), rest.alias("rest")))
        # One row for each value: one grouping counts all columns.
        points = _points(frame.to_native(), values).select(F.posexplode(F.array(*found)))
        fields = [F.col(f"col.{name}").alias(name) for name in ("cell", "point", "rest")]
        points = points.select(F.col("pos").alias("column"), *fields)
        point, rest = F.col("point"), F.col("rest")
        lower = rest.bitwiseAND(F.lit((1 << LOWER_BITS) - 1).cast("bigint"))
        counted = points.where(point.isNotNull()).groupBy("column", "cell")
        counted = counted.agg(
            F.min(point).alias("lo"),
            F.max(point).alias("hi"),
            F.count(point).alias("count"),
            F.sum(F.shiftright(rest, LOWER_BITS)).alias("upper"),
            F.sum(lower).alias("lower"),
        )
        return self._arrow(counted.drop("cell"))


def _is_real(dtype: nw.dtypes.DType) -> bool:
    return dtype.is_float() or (isinstance(dtype, nw.Decimal) and dtype.scale > 0)


def _finite(name: str, dtype: nw.dtypes.DType) -> Any:
    """The finite values of a column as numbers; null where there is none."""
    column = F.col(in_backticks(name))
    if dtype.is_float():
        real = column.cast("double")
        return F.when(F.abs(real) < F.lit(math.inf), real)
    if isinstance(dtype, nw.Date):
        return _without(F.unix_date(column), _NO_DATES)
    if isinstance(dtype, nw.Datetime):
        return _without(F.unix_micros(column.cast("timestamp")), _NO_TIMES)
    return column


def _without(column: Any, endless: Sequence[int]) -> Any:
    return F.when(~column.isin(list(endless)), column)


def _figures(place: int, *, whole: bool) -> list[Any]:
    value, near = F.col(f"value{place}"), F.col(f"near{place}")
    total = F.sum(value.cast("decimal(38,0)")) if whole else F.lit(None).cast("decimal(38,0)")
    found = (F.count(value), F.min(value), F.max(value), F.min(near), F.max(near), total)
    return [each.alias(f"{what}{place}") for what, each in zip(_BOUNDS, found, strict=True)]


def _points(native: Any, values: Sequence[Any]) -> Any:
    """Positions as `profiling.cells.ordered` has them: ``point0`` those of the first values."""

    def added(rows: Any, name: str, formula: Callable[..., Any], *of: str) -> Any:
        # Each figure in a projection of its own: what is used often is computed once.
        places = range(len(values))
        arguments = ([F.col(f"{one}{place}") for one in of] for place in places)
        return rows.withColumns(
            {
                f"{name}{place}": formula(*some)
                for place, some in zip(places, arguments, strict=True)
            }
        )

    rows = native.select(*(value.alias(f"value{place}") for place, value in enumerate(values)))
    rows = added(rows, "size", lambda value: F.greatest(F.abs(value), F.lit(_NORMAL)), "value")
    rows = added(rows, "about", lambda size: F.floor(F.log2(size)).cast("int"), "size")
    rows = added(rows, "power", _power, "size", "about")
    rows = added(rows, "bits", _bits, "value", "size", "power")
    return added(rows, "point", _point, "value", "bits")


def _power(size: Any, about: Any) -> Any:
    """The exponent: the logarithm is rounded, so next to powers of two it may be one off."""
    return F.when(size < _two_to(about), about - 1).otherwise(
        F.when(size < _two_to(about + 1), about).otherwise(about + 1)
    )


def _bits(value: Any, size: Any, power: Any) -> Any:
    """The bits of the magnitude."""
    mantissa = ((size / _two_to(power) - 1) * F.lit(2.0**_MANTISSA)).cast("bigint")
    bits = F.shiftleft((power + _BIAS).cast("bigint"), _MANTISSA) + mantissa
    small = F.least(F.abs(value), F.lit(_NORMAL)) * F.lit(_HALF_WAY) * F.lit(_HALF_WAY)
    return F.when(F.abs(value) < F.lit(_NORMAL), small.cast("bigint")).otherwise(bits)


def _point(value: Any, bits: Any) -> Any:
    """The bits with the sign; null where there is no value, which `greatest` passes over."""
    signed = F.when(value < 0, -1 - bits).otherwise(bits)
    return F.when(value.isNotNull(), signed)


def _two_to(power: Any) -> Any:
    return F.pow(F.lit(2.0), power.cast("double"))

"""How the CSV files of a dataset are written: ``meta.csv`` of its entry in ``dvc.yaml``."""

from __future__ import annotations

from dataclasses import dataclass

#: What pandas.read_csv takes for a missing value unless told otherwise (pandas 3, ``na_values``).
NA_STRINGS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
UTF8 = "utf-8"
THOUSANDS = (".", ",", "'", "\N{RIGHT SINGLE QUOTATION MARK}", " ", "\xa0", "\u202f", "_")
"""What may stand between groups of three digits."""


@dataclass(frozen=True, kw_only=True)
class CsvDialect:
    """What a reader has to know of a CSV file; every reader takes it from here.

    Values are quoted with ``"``, which is doubled inside of them.
    """

    delimiter: str | None = None
    """Between two values; None: found from the first lines."""
    decimal: str = "."
    thousands: str | None = None
    """Between groups of three digits; None: nothing is."""
    encoding: str = UTF8
    """As Python's codecs call it."""
    skip_rows: int = 0
    """Lines above the header."""
    null_values: tuple[str, ...] = NA_STRINGS
    """The texts, quoted or not, that stand for a missing value."""

    @property
    def changes(self) -> dict[str, object]:
        """The settings that are not the default, by their names in ``meta.csv``."""
        default = DEFAULT_DIALECT
        names = ("delimiter", "decimal", "thousands", "encoding", "skip_rows", "null_values")
        return {n: getattr(self, n) for n in names if getattr(self, n) != getattr(default, n)}


DEFAULT_DIALECT = CsvDialect()

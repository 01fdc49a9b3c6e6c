"""How the CSV files of a dataset are written: ``meta.csv`` of its entry in ``dvc.yaml``."""

from __future__ import annotations

import codecs
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


MOST_SKIPPED = 1000
"""Lines above a header."""


def is_delimiter(text: str) -> bool:
    """``text`` can stand between two values: one character, no letter, digit or quotation mark."""
    return len(text) == 1 and not text.isalnum() and text not in '"\r\n'


def encoding_name(text: str) -> str | None:
    """The one name that Python's codecs have for an encoding of text; None: there is none.

    >>> encoding_name("Latin1"), encoding_name("utf-8-sig"), encoding_name("base64")
    ('iso8859-1', 'utf-8', None)
    """
    try:
        "a".encode(text).decode(text)  # refuses codecs that are not of text
        name = codecs.lookup(text).name
    except (LookupError, ValueError):
        return None
    return UTF8 if name == "utf-8-sig" else name


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

    def __post_init__(self) -> None:
        """Refuse what no setting could have said: a manifest may come from anywhere."""
        if self.delimiter is not None and not is_delimiter(self.delimiter):
            raise ValueError("delimiter: not a single character that can be one")
        if self.decimal not in {".", ","} or self.thousands not in {None, *THOUSANDS}:
            raise ValueError("decimal or thousands: not a mark that numbers are written with")
        if encoding_name(self.encoding) is None or not 0 <= self.skip_rows <= MOST_SKIPPED:
            raise ValueError("encoding or skip_rows: not a valid value")

    @property
    def changes(self) -> dict[str, object]:
        """The settings that are not the default, by their names in ``meta.csv``."""
        default = DEFAULT_DIALECT
        names = ("delimiter", "decimal", "thousands", "encoding", "skip_rows", "null_values")
        return {n: getattr(self, n) for n in names if getattr(self, n) != getattr(default, n)}


DEFAULT_DIALECT = CsvDialect()

"""What a dataset is: one ``artifacts:`` entry of ``dvc.yaml`` with ``type: dataset``.

And how its CSV files are written: ``meta.csv`` of that entry.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from datarelease.model.data.file_rules import FileRules
from datarelease.model.data.table_format import table_format

#: What pandas.read_csv takes for a missing value unless told otherwise (pandas 3, ``na_values``).
NA_STRINGS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
UTF8 = "utf-8"
THOUSANDS = (".", ",", "'", "\N{RIGHT SINGLE QUOTATION MARK}", " ", "\xa0", "\u202f", "_")
"""What may stand between groups of three digits."""
MOST_SKIPPED = 1000


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
    """How many lines stand above the header."""
    null_values: tuple[str, ...] = NA_STRINGS
    """The texts, quoted or not, that stand for a missing value."""

    def __post_init__(self) -> None:
        """Refuse what no setting could have said: a manifest may come from anywhere."""
        if self.delimiter is not None and not is_delimiter(self.delimiter):
            raise ValueError("delimiter is not a single character that can separate fields")
        if self.decimal not in {".", ","} or self.thousands not in {None, *THOUSANDS}:
            raise ValueError("decimal or thousands is not a mark that numbers are written with")
        if encoding_name(self.encoding) is None or not 0 <= self.skip_rows <= MOST_SKIPPED:
            raise ValueError("encoding or skip_rows does not have a valid value")

    @property
    def changes(self) -> dict[str, object]:
        """The settings that are not the default, by their names in ``meta.csv``."""
        default = DEFAULT_DIALECT
        names = ("delimiter", "decimal", "thousands", "encoding", "skip_rows", "null_values")
        return {n: getattr(self, n) for n in names if getattr(self, n) != getattr(default, n)}


DEFAULT_DIALECT = CsvDialect()

DATASET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)

#: Formats that keep a log beside their Parquet files: what names a file of the log.
_LOGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a Delta table", re.compile(r"(.*/)?_delta_log/[^/]+")),
    ("an Iceberg table", re.compile(r"(.*/)?metadata/[^/]+\.metadata\.json(?:\.gz)?")),
    ("a Hudi table", re.compile(r"(.*/)?\.hoodie/[^/]+")),
)


@dataclass(frozen=True, kw_only=True)
class LoggedTable:
    """A table of a format whose log says which of the files beside it count."""

    folder: str
    """Where it is, among the paths that it was found in; empty: at their top."""
    kind: str

    @property
    def reason(self) -> str:
        """Why its files cannot be a dataset as they are."""
        return f"{self.kind}, and datarelease does not read its log, which says which files count"


LOGGED_REMEDY = (
    "Write the present rows of the table as plain Parquet, for example in a stage "
    "(`DeltaTable(PATH).to_pandas().to_parquet(FILE)`), and release that file."
)


def logged_table(paths: Iterable[str]) -> LoggedTable | None:
    """The first Delta, Iceberg or Hudi table among ``paths``, or None.

    >>> logged_table(["a.csv", "sales/_delta_log/00000000000000000000.json"])
    LoggedTable(folder='sales', kind='a Delta table')
    """
    for path in paths:
        for kind, pattern in _LOGS:
            if found := pattern.fullmatch(path):
                return LoggedTable(folder=(found[1] or "").rstrip("/"), kind=kind)
    return None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What is under release: a file or a directory, tracked by DVC; a table or other files."""

    name: str
    path: str
    """Relative to the repository, with forward slashes."""
    schema: str | None = None
    """File of the Pandera schema (YAML or Python), relative to the repository."""
    key: tuple[str, ...] = ()
    """Columns that together identify a row; empty: no row-level diff."""
    pii: tuple[str, ...] = ()
    """Columns whose values are never shown."""
    desc: str = ""
    csv: CsvDialect = DEFAULT_DIALECT
    """How its CSV files are written; of no concern where it has none."""
    files: FileRules | None = None
    """It is a dataset of files, with these rules; None: its files say whether it is a table."""
    renamed_from: str | None = None
    """What it was called before; of several with the same name here, each is a part of that one."""
    retired: str | None = None
    """Why there is no such dataset any more; None: it is one."""
    declared: str = field(default="dvc.yaml", compare=False)
    """The file that declares it, relative to the repository."""

    @property
    def where(self) -> str:
        """What messages call its declaration."""
        return f"{self.declared}: artifacts.{self.name}"

    @property
    def is_declared_table(self) -> bool:
        """What is declared of it is about tables."""
        of_tables = (self.schema, self.key, self.pii, self.csv.changes)
        return self.files is None and any(of_tables)

    @property
    def report_dir(self) -> str:
        """Where this dataset's committed reports live, relative to the repository."""
        return f"reports/{self.name}"

    @property
    def validation_file(self) -> str:
        """The outcome of ``datarelease validate NAME``, a DVC metric kept by git."""
        return f"{self.report_dir}/validation.json"

    @property
    def profile_file(self) -> str:
        """The statistics of ``datarelease profile NAME``, a DVC metric kept by git."""
        return f"{self.report_dir}/profile.json"


def is_of_files(dataset: Dataset, names: Iterable[str]) -> bool:
    """A dataset whose files have these names is no table, but a dataset of files.

    It is declared so, or its files have no format of tables, or several. What is declared as a
    table is none even then, and nor is a table of Delta and the like: their readers refuse them.

    >>> plain = Dataset(name="d", path="d")
    >>> is_of_files(plain, ["a.csv", "_SUCCESS"]), is_of_files(plain, ["a.png"])
    (False, True)
    """
    if dataset.files is not None or dataset.is_declared_table:
        return dataset.files is not None
    listed = tuple(names)
    formats = {found for name in listed if (found := table_format(name))}
    return bool(listed) and len(formats) != 1 and logged_table(listed) is None

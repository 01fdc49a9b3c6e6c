"""The shape of `meta.csv` of a dataset: how its CSV files are written."""

from __future__ import annotations

from encodings.aliases import aliases
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from datarelease.model.data.dataset import (
    MOST_SKIPPED,
    NA_STRINGS,
    THOUSANDS,
    UTF8,
    CsvDialect,
    encoding_name,
    is_delimiter,
)
from datarelease.model.wording import nearest_name


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _one_letter(value: str) -> str:
    if not is_delimiter(value):
        hint = ' (a tab is written "\\t", in double quotes)' if value in {"\\t", "tab"} else ""
        raise ValueError(
            f"expected one character that is not a letter, digit or quotation mark{hint}"
        )
    return value


def _encoding(value: str) -> str:
    name = encoding_name(value)
    if name is None:
        near = nearest_name(value.replace("-", "_"), [*aliases, *aliases.values()])
        hint = f"; did you mean {near!r}?" if near else ", by its name in Python"
        raise ValueError(f"expected a text encoding{hint}")
    return name


def _thousands(value: str) -> str:
    if value not in THOUSANDS:
        raise ValueError(f"expected one of {' '.join(map(repr, THOUSANDS))}")
    return value


class CsvShape(BaseModel):
    """``meta.csv`` of a dataset."""

    model_config = ConfigDict(extra="forbid", strict=True)

    delimiter: Annotated[str, AfterValidator(_one_letter)] | None = None
    """The character between two fields. Default: found from the name and the lines of the file."""
    decimal: Literal[".", ","] = "."
    """The decimal mark: `.` or `,`."""
    thousands: Annotated[str, AfterValidator(_thousands)] | None = None
    """The character between groups of three digits: `.`, `,`, an apostrophe, `_` or a blank."""
    encoding: Annotated[str, AfterValidator(_encoding)] = UTF8
    """The encoding of the text, by its name in Python, such as `cp1252` or `utf-16`."""
    skip_rows: Annotated[int, Field(ge=0, le=MOST_SKIPPED)] = 0
    """The number of lines above the header."""
    null_values: Annotated[list[str], BeforeValidator(_listed)] = list(NA_STRINGS)
    """The texts that mean a missing value. `[""]`: only the empty text; `[]`: none. Default: those
    of pandas, such as `NA` and `null`."""

    @model_validator(mode="after")
    def _apart(self) -> CsvShape:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must be different characters")
        return self

    @property
    def dialect(self) -> CsvDialect:
        """As readers take it."""
        return CsvDialect(**{**self.model_dump(), "null_values": tuple(self.null_values)})

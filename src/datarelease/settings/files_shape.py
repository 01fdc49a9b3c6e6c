"""The shape of `meta.files` of a dataset: what is demanded of its files."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
)
from pydantic_core import SchemaError

from datarelease.model.data.file_rules import LONGEST_PATTERN, FileRules, whole

_CONTENT_TYPE = re.compile(r"[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?(?:([kKMGT])(i)?)?B?", re.ASCII)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _content_type(value: str) -> str:
    if not _CONTENT_TYPE.fullmatch(value):
        raise ValueError("expected a content type such as image/png or image/*")
    return value


def _pattern(value: str) -> str:
    try:
        # Builds the machine and throws it away: what cannot be built is a fault of the setting.
        TypeAdapter(Annotated[str, StringConstraints(pattern=whole(value))])
    except SchemaError as error:
        reason = str(error).rpartition("\n")[2].strip().removeprefix("error: ")
        raise ValueError(
            f"expected a regular expression in the syntax of Rust's `regex`: {reason[:200]}"
        ) from error
    return value


def _bytes(value: object) -> object:
    """``5MB`` as a number of bytes; kB, MB, GB and TB are decimal, KiB, MiB, GiB and TiB binary."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise ValueError("expected a size such as 5MB, 500 kB or 2GiB")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** " KMGT".index((found[2] or " ").upper()))


def no_rules(value: object) -> object:
    """``files:`` and ``files: true`` say that it is a dataset of files, without rules."""
    return {} if value is None or value is True else value


class FilesShape(BaseModel):
    """``meta.files`` of a dataset."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kinds: Annotated[
        list[Annotated[str, AfterValidator(_content_type)]], BeforeValidator(_listed)
    ] = []
    """The content types that are allowed, such as `image/png` or `image/*`. Empty: all."""
    names: (
        Annotated[str, Field(min_length=1, max_length=LONGEST_PATTERN), AfterValidator(_pattern)]
        | None
    ) = None
    """A regular expression that each path inside the dataset must match, in the syntax of Rust's
    `regex`."""
    max_size: Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(_bytes)] | None = None
    """The largest size of a file, such as `5MB` or `2GiB`."""

    @property
    def rules(self) -> FileRules:
        """As checks take it."""
        kinds = tuple(dict.fromkeys(self.kinds))
        return FileRules(kinds=kinds, names=self.names, max_size=self.max_size)

"""The curated name lists as arrays that rows are looked up in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# How a first name may stand in an address: lena.mueller, lmueller, lena_mueller.
ADDRESS_FORMS = 3


@dataclass(frozen=True, kw_only=True)
class NameList:
    """The names of one kind of all countries laid end to end; a country owns one run of them."""

    names: pa.Array
    ascii_names: tuple[str, ...]
    start: NDArray[np.int64]  # of each country's run
    size: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Names:
    """The name lists of all countries, countries in alphabetical order."""

    countries: tuple[str, ...]
    phone_prefixes: pa.Array  # by country; the 555 range rings nowhere
    first: NameList
    last: NameList
    address_starts: pa.Array  # the forms of the first name, then those of the next ...
    address_ends: pa.Array  # by last name


def _flatten(lists: dict[str, Any], kind: str) -> NameList:
    countries = sorted(lists)
    pairs = [entry.partition("=") for country in countries for entry in lists[country][kind]]
    size = np.array([len(lists[country][kind]) for country in countries], dtype=np.int64)
    return NameList(
        names=pa.array([name for name, _, _ in pairs]),
        ascii_names=tuple(given or name.lower() for name, _, given in pairs),
        start=np.cumsum(size) - size,
        size=size,
    )


def read_names(path: Path) -> Names:
    """Return the name lists of the YAML file at `path` (its comment tells the format)."""
    lists = yaml.safe_load(path.read_text(encoding="utf-8"))
    first, last = _flatten(lists, "first"), _flatten(lists, "last")
    codes = [lists[country]["calling_code"] for country in sorted(lists)]
    forms = [(f"{name}.", name[0], f"{name}_") for name in first.ascii_names]
    return Names(
        countries=tuple(sorted(lists)),
        phone_prefixes=pa.array([f"+{code} 555 " for code in codes]),
        first=first,
        last=last,
        address_starts=pa.array([start for starts in forms for start in starts]),
        address_ends=pa.array(last.ascii_names),
    )

"""Names of data as names of files: safe on every file system, and the same on every run."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}", re.ASCII)
_RESERVED = re.compile(r"(con|prn|aux|nul|index|com[0-9]|lpt[0-9])", re.ASCII)
"""Names of devices on Windows, and the page of a folder itself."""

_KNOWN = 65_536
"""Names that are kept with theirs: each page names the same columns."""


@lru_cache(_KNOWN)
def file_name(name: str) -> str:
    """The name of a file for ``name``, without an ending; different names get different ones.

    What is not plain gets a part of its hash: upper case too, since ``Age`` and ``age`` are one
    file on many systems.

    >>> file_name("monthly_spend"), file_name("Age"), file_name("../b")
    ('monthly_spend', 'age-39b7370f', 'b-95cd9069')
    """
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    kept = re.sub(r"[^a-z0-9]+", "-", name.lower()[:60], flags=re.ASCII).strip("-") or "x"
    return f"{kept}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


def version_page(tag: str) -> str:
    """Where the page of a version is in the site."""
    return f"versions/{file_name(tag)}.html"


def dataset_page(dataset: str) -> str:
    """Where the page of a dataset is."""
    return f"datasets/{file_name(dataset)}.html"


@lru_cache(_KNOWN)
def column_page(dataset: str, column: str) -> str:
    """Where the page of a column is."""
    return f"datasets/{file_name(dataset)}/{file_name(column)}.html"


def version_data(tag: str) -> str:
    """Where the figures of a version are, for the comparison in the browser."""
    return f"data/{file_name(tag)}.js"

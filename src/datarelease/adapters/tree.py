"""DVC's directory listings, the ``.dir`` objects."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from datarelease.model.snapshot import TREE, DataFile

_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)


def read_tree(listing: bytes) -> tuple[DataFile, ...]:
    """The files that a ``.dir`` object lists, sorted by path.

    Source: ``dvc_data.hashfile.tree.Tree.as_bytes``.

    Raises:
        ValueError: The bytes are no such listing, or name a path outside the directory.
    """
    try:
        listed = json.loads(listing)
    except RecursionError as error:
        raise ValueError("a directory listing is nested too deeply") from error
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ValueError("a directory listing is no list of files")
    return tuple(sorted(map(_file, listed), key=lambda file: file.path))


def tree_md5(files: Iterable[DataFile]) -> str:
    """The hash of the ``.dir`` object that lists ``files``, as DVC names it.

    Source: ``dvc_data.hashfile.tree.Tree.digest``.
    """
    ordered = sorted(files, key=lambda file: file.path.split("/"))
    listing = json.dumps([{"md5": file.md5, "relpath": file.path} for file in ordered])
    return f"{hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest()}{TREE}"


def _file(item: dict[str, Any]) -> DataFile:
    path, md5 = item.get("relpath"), item.get("md5")
    inside = isinstance(path, str) and not {"", ".", ".."} & set(path.split("/"))
    if not isinstance(path, str) or not inside or not _MD5.fullmatch(str(md5)):
        raise ValueError("a directory listing names a path or hash that cannot be")
    return DataFile(path=path, md5=str(md5))

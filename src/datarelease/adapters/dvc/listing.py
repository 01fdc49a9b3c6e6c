"""DVC's directory listings, the ``.dir`` objects."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from datarelease.errors import WorldError
from datarelease.model.paths import clash, path_fault
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import TREE, DataFile

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
        raise ValueError("it is nested too deeply") from error
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ValueError("it is not a list of files")
    return tuple(sorted(map(_file, listed), key=lambda file: file.path))


def refuse_names(files: Sequence[DataFile]) -> None:
    """Refuse names of a dataset's files that some machine cannot write.

    Raises:
        ValueError: A name that is refused, or that occurs twice.
    """
    for file in files:
        fault = path_fault(file.path)
        if fault:
            raise ValueError(f"the path {file.path!r} is refused: {fault}")
    same = clash(file.path for file in files)
    if same is not None:
        raise ValueError(f"{same!r} occurs twice, or is both a file and a directory")


def tree_md5(files: Iterable[DataFile]) -> str:
    """The hash of the ``.dir`` object that lists ``files``, as DVC names it.

    Source: ``dvc_data.hashfile.tree.Tree.digest``.
    """
    ordered = sorted(files, key=lambda file: file.path.split("/"))
    listing = json.dumps([{"md5": file.md5, "relpath": file.path} for file in ordered])
    return f"{hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest()}{TREE}"


@contextmanager
def explained_listing(md5: str) -> Iterator[None]:
    """What is wrong with the listing ``md5``, as a WorldError."""
    try:
        yield
    except ValueError as error:
        raise WorldError(
            f"The listing of a tracked directory ({object_key(md5)}) is refused: {error}.",
            untouched="Nothing was written.",
            remedy="If the data is yours, give the file another name and track the directory again "
            "(`dvc add`, or `dvc repro`). Otherwise find out who wrote that object.",
        ) from error


def _file(item: dict[str, Any]) -> DataFile:
    path, md5 = item.get("relpath"), item.get("md5")
    if not isinstance(path, str) or not _MD5.fullmatch(str(md5)):
        raise ValueError(f"{path!r} has the MD5 {md5!r:.80}")
    if {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f"the path {path!r} leads outside the directory")
    return DataFile(path=path, md5=str(md5))

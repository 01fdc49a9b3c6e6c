"""DVC's directory listings, the ``.dir`` objects."""

from __future__ import annotations

import json
import re

from datarelease.model.snapshot import DataFile

_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)


def read_tree(listing: bytes) -> tuple[DataFile, ...]:
    """The files that a ``.dir`` object lists, sorted by path.

    Source: ``dvc_data.hashfile.tree.Tree.as_bytes``.

    Raises:
        ValueError: The bytes are no such listing, or name a path outside the directory.
    """
    files = []
    for item in json.loads(listing):
        path, md5 = str(item["relpath"]), str(item["md5"])
        if path.startswith("/") or ".." in path.split("/") or not _MD5.fullmatch(md5):
            raise ValueError("a directory listing names a path or hash that cannot be")
        files.append(DataFile(path=path, md5=md5))
    return tuple(sorted(files, key=lambda file: file.path))

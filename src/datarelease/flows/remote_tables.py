"""Tables whose files stay on a remote: what a cluster reads, with no pull.

Only the footers of Parquet files come here, each as a file of the object's size in which nothing
but the footer is filled: columns and types are found in it as in the whole file.
"""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Callable, Sequence
from pathlib import Path

from datarelease.adapters.store.directory import Store, replacing
from datarelease.analysis.engine.errors import EngineRefusedError
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.errors import WorldError
from datarelease.flows.cache import Objects
from datarelease.flows.versions.dataset_at import table_of
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.table_format import FORMAT_NAMES
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import DataFile

_FOLDER = "footers"
_MOST = 64 << 10
"""Bytes that the footers of most files have at most."""
_MAGIC = b"PAR1"
_END = 8
"""A Parquet file ends with the length of its footer, in 4 bytes, and the magic."""


def table_for(
    engine: Engine,
    dataset: Dataset,
    files: Sequence[DataFile],
    objects: Objects,
    bring: Callable[[], None],
    *,
    whole: Sequence[DataFile] = (),
) -> Table:
    """The table of ``files`` as the engine reads it.

    Args:
        engine: Reads it here, or at the addresses of its objects.
        dataset: Whose files they are.
        files: Those of the table.
        objects: The cache and the remotes that hold them.
        bring: Brings the files into the cache, where the engine reads them there.
        whole: All files of the dataset, where ``files`` are only some of them.

    Raises:
        EngineRefusedError: The engine reads addresses, and this is no Parquet table.
        WorldError: An object is on no remote.
    """
    if not engine.reads_addresses:
        bring()
        return table_of(dataset, files, objects, whole=whole)
    table = table_of(dataset, files, objects, whole=whole)
    if table.format != "parquet":
        raise EngineRefusedError(
            f"{dataset.name}: a Spark cluster reads only Parquet, but this dataset is "
            f"{FORMAT_NAMES[table.format]}.",
            untouched="Nothing was written.",
            remedy="Unset DATARELEASE_SPARK_REMOTE, or set `release.engine: duckdb` in "
            "params.yaml: then this machine reads the data.",
        )
    stores = _holders(dataset, {file.md5 for file in files}, objects)
    md5 = {file.path: file.md5 for file in files}
    hashes = [md5[label] for label in table.labels]
    return dataclasses.replace(
        table,
        paths=tuple(_footer(objects, stores[one], one) for one in hashes),
        addresses=tuple(posixpath.join(stores[one].url, object_key(one)) for one in hashes),
    )


def _holders(dataset: Dataset, hashes: set[str], objects: Objects) -> dict[str, Store]:
    """For each hash the first remote that holds the object.

    Raises:
        WorldError: Some are on none.
    """
    found: dict[str, Store] = {}
    for store in (*objects.remotes, *objects.bound()):
        left = sorted(hashes - found.keys())
        there = store.stat([object_key(md5) for md5 in left]) if left else {}
        found |= {md5: store for md5 in left if object_key(md5) in there}
    if lost := len(hashes - found.keys()):
        raise WorldError(
            f"{dataset.name}: {lost} of {len(hashes)} files are on no remote, so the cluster "
            "cannot read them.",
            untouched="Nothing was written.",
            remedy="Send them with `dvc push`, then run the same command again.",
        )
    return found


def _footer(objects: Objects, store: Store, md5: str) -> Path:
    """A file of the object's size with its footer, which is kept."""
    place = objects.cache.with_name(_FOLDER) / md5
    if not place.is_file():
        key = object_key(md5)
        size = store.stat([key])[key].size
        tail = store.part(key, max(0, size - _MOST), size) if size else b""
        needed = int.from_bytes(tail[-_END:-4], "little") + _END
        if tail.endswith(_MAGIC) and len(tail) < needed <= size:
            tail = store.part(key, size - needed, size)
        with replacing(place) as scratch, scratch.open("wb") as stream:
            stream.write(_MAGIC)
            stream.truncate(size)
            stream.seek(max(0, size - len(tail)))
            stream.write(tail)
    return place

"""Asset keys for paths: the same parts, in letters that Dagster takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from dagster import AssetKey

_OTHER = re.compile(r"[^A-Za-z0-9_.-]")


def asset_keys(paths: Iterable[str]) -> Mapping[str, AssetKey]:
    """The key of each path, by path; no two are alike, nor the names that Dagster makes of them.

    >>> asset_keys(["data/customers.parquet"])["data/customers.parquet"].to_user_string()
    'data/customers.parquet'
    """
    keys: dict[str, AssetKey] = {}
    names: set[str] = set()
    for path in sorted(set(paths)):
        key = AssetKey([_OTHER.sub("_", part) for part in path.split("/") if part])
        if key.to_python_identifier().lower() in names:
            *folder, last = key.path
            mark = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            key = AssetKey([*folder, f"{last}-{mark}"])
        names.add(key.to_python_identifier().lower())
        keys[path] = key
    return keys


def identifier(text: str) -> str:
    """``text`` as a name for an op or a group.

    >>> identifier("models/churn/dvc.yaml:train@eu-west")
    'models_churn_dvc_yaml_train_eu_west'
    """
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "_"


def identifiers(texts: Iterable[str], taken: Iterable[str] = ()) -> Mapping[str, str]:
    """A name for each text, by text; no two are alike, and none is ``taken``."""
    names: dict[str, str] = {}
    used = set(taken)
    for text in texts:
        name = identifier(text)
        while name in used or name in names.values():
            name += "_"
        names[text] = name
    return names

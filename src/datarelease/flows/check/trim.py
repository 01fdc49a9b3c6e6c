"""DVC's cache made what the next check starts from, within a budget."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datarelease.flows.repository import Workspace
from datarelease.flows.versions.dataset_at import snapshot
from datarelease.model.versions.snapshot import TREE

_MEMO_PART = 8
"""The memo may have an eighth of the budget."""


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    """What is left."""

    objects: int
    fetched: int
    """Objects, of those in ``objects``."""
    size: int
    """Bytes."""
    removed: int
    """Objects."""
    fits: bool
    """It is worth keeping: what is left is whole and within the budget."""
    digest: str
    """SHA-256 of the names of what is left: equal for equal content."""


def fill(ws: Workspace, budget: int) -> int:
    """Bring what the next check starts from into the cache; how many objects came.

    A check of a pull request has no credentials: what it cannot find in the cache, and no stage
    makes, it cannot have. That is what the pipeline and its inputs are made of; where it is more
    than ``budget`` bytes, the datasets alone; where they are more, nothing is fetched, because the
    cache would not be kept. What no remote gives stays away.
    """
    before = len(_objects(ws.objects.cache))
    tracked = ws.dvc.hashes()
    ws.objects.bring(md5 for md5 in tracked if md5.endswith(TREE))  # small, and they name files
    now = snapshot(ws.settings.datasets, ws.tracked.outputs, ws.objects)
    used = ws.objects.expanded(tracked)
    datasets = {
        *ws.objects.expanded(entry.md5 for content in now.datasets for entry in content.entries)
    }
    for wanted in (used, [md5 for md5 in used if md5 in datasets]):
        there = sum(ws.objects.local_sizes(wanted).values())
        if ws.objects.bring(wanted, limit=budget - there):
            break
    else:
        ws.progress.say("nothing is fetched: the datasets are larger than the limit of the cache")
    return len(_objects(ws.objects.cache)) - before


def trim(ws: Workspace, budget: int, *, fetched: int = 0) -> Trimmed:
    """Remove from the cache what it takes to come within ``budget`` bytes.

    First to go is what neither the datasets nor the pipeline of the work tree use (data of older
    versions), then all but the datasets. Where they alone are more, no object is removed and
    nothing fits. The memo counts, too, and keeps what was used last. Runs that DVC remembers are
    small, and stay.
    """
    ws.memo.prune(min(ws.memo.limit, budget // _MEMO_PART))
    budget -= sum(path.stat().st_size for path in ws.memo.files())
    now = snapshot(ws.settings.datasets, ws.tracked.outputs, ws.objects)
    datasets = {
        md5
        for content in now.datasets
        for entry in content.entries
        if ws.objects.has(entry.md5)
        for md5 in (entry.md5, *(file.md5 for file in ws.objects.files(entry)))
    }
    there = {f"{path.parent.name}{path.name}": path for path in _objects(ws.objects.cache)}
    sizes = {md5: path.stat().st_size for md5, path in there.items()}
    tracked = (out.md5 for out in ws.dvc.outputs() if out.md5 and not out.legacy)
    used = datasets | set(ws.objects.expanded(tracked))
    for kept in (set(there), used, datasets):
        total = sum(sizes.get(md5, 0) for md5 in kept)
        if total <= budget:
            removed = [path for md5, path in there.items() if md5 not in kept]
            for path in removed:
                path.unlink()
            return Trimmed(
                objects=len(there) - len(removed),
                fetched=fetched,
                size=total,
                removed=len(removed),
                fits=bool(there),
                digest=_digest(md5 for md5 in there if md5 in kept),
            )
    return Trimmed(
        objects=len(there),
        fetched=fetched,
        size=sum(sizes.values()),
        removed=0,
        fits=False,
        digest=_digest(there),
    )


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def _objects(cache: Path) -> list[Path]:
    return [path for path in cache.glob("[0-9a-f][0-9a-f]/*") if path.is_file()]

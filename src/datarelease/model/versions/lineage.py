"""The life of a dataset across versions: renamed, split, retired.

What happened in a version is in the trailers of its tag, ``Renamed: new=old`` and
``Retired: name``, so that no manifest has to be read to follow a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from datarelease.model.data.dataset import Dataset
from datarelease.model.versions.version import Version


@dataclass(frozen=True, kw_only=True)
class RetiredDataset:
    """A dataset of the baseline that is no more, on purpose."""

    name: str
    reason: str


def predecessors(
    datasets: Iterable[Dataset], released: Collection[str], since: Sequence[Version] = ()
) -> dict[str, str]:
    """What each declared dataset was called among those ``released``, where it was renamed.

    Two with the same old name are what that one was split into.

    Args:
        datasets: As they are declared now.
        released: The names in the version that is compared with.
        since: Versions after that one, if any: names may have changed in them.

    >>> new = [Dataset(name="clients", path="a", renamed_from="customers")]
    >>> predecessors(new, ["customers"]), predecessors(new, ["clients"])
    ({'clients': 'customers'}, {})
    """
    declared = tuple(datasets)
    kept = {dataset.name for dataset in declared} & set(released)
    found = {}
    for dataset in declared:
        names = [earlier_name(dataset.name, since)]
        if dataset.renamed_from is not None:
            names.append(earlier_name(dataset.renamed_from, since))
        old = next((name for name in names if name in released), None)
        if old is not None and old != dataset.name and old not in kept:
            found[dataset.name] = old
    return found


def split_parts(renamed: Mapping[str, str]) -> frozenset[str]:
    """The datasets, of those ``renamed`` (to the old name), that are parts of a former one."""
    parts = Counter(renamed.values())
    return frozenset(name for name, old in renamed.items() if parts[old] > 1)


def earlier_name(name: str, since: Iterable[Version]) -> str:
    """What a dataset was called before the versions ``since``, whatever their order.

    >>> of = {"commit": "c", "digest": "d"}
    >>> v2 = Version(number=2, tag="v2", trailers=(("Renamed", "b=a"),), **of)
    >>> v3 = Version(number=3, tag="v3", trailers=(("Renamed", "c=b"),), **of)
    >>> earlier_name("c", [v2, v3]), earlier_name("b", [v2]), earlier_name("x", [v2])
    ('a', 'a', 'x')
    """
    for version in sorted(since, key=lambda version: version.number, reverse=True):
        name = version.renamed.get(name, name)
    return name


def later_names(name: str, since: Iterable[Version]) -> tuple[str, ...]:
    """What a dataset is called after the versions ``since``: several, where it was split."""
    names: tuple[str, ...] = (name,)
    for version in sorted(since, key=lambda version: version.number):
        became: dict[str, list[str]] = {}
        for new, old in version.renamed.items():
            became.setdefault(old, []).append(new)
        names = tuple(new for old in names for new in became.get(old, [old]))
    return names


def names_at(name: str, version: Version, versions: Sequence[Version]) -> tuple[str, ...]:
    """What a dataset with this name, of any time, may be called in a version; the likeliest first.

    The name in force now is meant, or one that it had before: both ways are followed.
    """
    before = [other for other in versions if other.number <= version.number]
    after = [other for other in versions if other.number > version.number]
    found = [earlier_name(name, after), *later_names(name, before)]
    return tuple(dict.fromkeys(found))

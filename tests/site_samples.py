"""Versions for catalogues, made of values: no git, no remote, no data."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.hostile import HOSTILE

from datarelease.flows.catalogue import Catalogue
from datarelease.model.review.diff import Compatibility, SchemaChange
from datarelease.model.review.pipeline import ParamChange
from datarelease.model.review.policy import Finding
from datarelease.model.versions.channel import Channel, Move
from datarelease.model.versions.manifest import ManifestRemote
from datarelease.model.versions.version import TagGrammar, Version, Yank
from datarelease.site.content.figures import (
    ColumnFigures,
    DatasetFigures,
    KeptNote,
    RowFigures,
    VersionFigures,
)
from datarelease.site.content.read import ReleasedVersion, SiteContent

_EDGES = tuple(float(edge) for edge in range(0, 100, 5))
_PLANS = ("basic", "family", "premium", "student", "(other)")


def number(name: str, step: int, *, rows: int = 1000, drift: float = 0.02) -> ColumnFigures:
    """A column of numbers whose middle moves from version to version."""
    middle = 40 + 12 * math.sin(step / 5 + len(name))
    counts = tuple(
        round(rows * math.exp(-(((edge - middle) / 18) ** 2)), 1) for edge in _EDGES[:-1]
    )
    return ColumnFigures(
        name=name, type="float64", kind="number", pii=False, nulls=step % 7 * rows // 100,
        distinct=rows // 2, mean=middle + 1.5, std=18.0, median=middle, min=0.5, max=97.25,
        edges=_EDGES, counts=counts, before=counts[1:] + counts[:1], psi=drift, ks=drift / 2,
        js=drift / 3,
    )  # fmt: skip


def text(name: str, step: int, *, rows: int = 1000) -> ColumnFigures:
    """A column of categories."""
    counts = tuple(float(rows // (place + 2 + step % 3)) for place in range(len(_PLANS)))
    return ColumnFigures(
        name=name, type="string", kind="text", pii=False, nulls=0, distinct=len(_PLANS) + 3,
        length_mean=6.4, labels=_PLANS, counts=counts, before=counts, psi=0.01, js=0.0,
    )  # fmt: skip


def private(name: str) -> ColumnFigures:
    """A column whose values are personal data."""
    return ColumnFigures(
        name=name, type="string", kind="text", pii=True, nulls=3, distinct=990, length_mean=21.0
    )


def table(name: str, step: int, columns: tuple[ColumnFigures, ...]) -> DatasetFigures:
    """A dataset that grew."""
    rows = 1000 + 40 * step
    return DatasetFigures(
        name=name, path=f"data/{name}.parquet", desc=f"All {name} of the shop, one a row",
        amount=rows, before=rows - 40 if step else None, size=rows * 48,
        parts=((f"data/{name}.parquet", rows * 48, "files/md5/ab/cdef"),), files=1, key=("id",),
        status="changed" if step else "added", schema=f"schemas/{name}.yaml", checks=12,
        rows=RowFigures(added=40, removed=0, changed=25, unchanged=rows - 65) if step else None,
        columns=columns,
    )  # fmt: skip


def released(number_: int, figures: VersionFigures, **trailers: str) -> ReleasedVersion:
    """A version that its tag describes."""
    tag = f"data-v{number_}"
    month, day = divmod(number_ * 3, 28)
    told = {"Compatibility": "patch", "Verdict": "pass", "Baseline": f"data-v{number_ - 1}"}
    told |= {key.replace("_", "-"): value for key, value in trailers.items()}
    if number_ == 1:
        del told["Baseline"]
    version = Version(
        number=number_, tag=tag, commit=f"{number_:040x}", digest=f"{number_:064x}",
        date=f"{2022 + month // 12}-{month % 12 + 1:02}-{day + 1:02}T09:00:00Z",
        trailers=tuple(told.items()),
    )  # fmt: skip
    return ReleasedVersion(version=version, figures=figures, manifest=b'{"format": 2}\n')


def content(
    versions: list[ReleasedVersion],
    *,
    title: str = "acme/shop-data",
    channels: tuple[Channel, ...] = (),
) -> SiteContent:
    """The catalogue of these versions."""
    return SiteContent(
        title=title,
        versions=tuple(versions),
        catalogue=Catalogue(
            versions=tuple(each.version for each in versions),
            grammar=TagGrammar(),
            channels=channels,
        ),
        address="https://github.com/acme/shop-data",
    )


def shop() -> SiteContent:
    """Twelve versions of two datasets: growth, drift, a breaking change, one withdrawn."""
    versions = []
    for step in range(12):
        columns = (
            number("id", 0),
            private("email"),
            text("plan", step),
            number("monthly_spend", step, drift=0.31 if step == 6 else 0.12 if step > 8 else 0.03),
            number("age", step),
            *([number("loyalty_points", step)] if step > 4 else []),
        )
        orders = (number("id", 0), number("amount", step), text("status", step))
        figures = VersionFigures(
            datasets=(table("customers", step, columns), table("orders", step + 3, orders)),
            base=f"data-v{step}" if step else None,
            params=(("make.rows", str(1000 + 40 * step)), ("make.seed", "7")),
            param_changes=(ParamChange(name="make.rows", before="1000", after="1040"),)
            if step
            else (),
            remotes=(ManifestRemote(name="storage", url="s3://acme-data/shop"),),
            tools=(("datarelease", "0.1.0"), ("dvc", "3.67.1")),
            notes=_notes(step),
            author="Ada Lovelace" if step % 2 else "Grace Hopper",
            reviewers=("Katherine Johnson",),
            pull=30 + step,
            subject="The first customers and orders" if not step else _SUBJECTS[step % 4],
        )
        versions.append(released(step + 1, figures))
    versions[4] = _breaking(versions[4])
    versions[6] = _withdrawn(versions[6])
    return content(versions, channels=(_stable(),))


def _stable() -> Channel:
    moves = (("data-v4", "2022-01-20"), ("data-v10", "2022-02-05"))
    return Channel(
        name="stable",
        moves=tuple(
            Move(
                number=place, tag=f"data-channel-stable-{place}", version=version,
                date=f"{day}T12:00:00Z", by="Grace Hopper", reason="a week without complaints",
            )
            for place, (version, day) in enumerate(moves, 1)
        ),
    )  # fmt: skip


def _notes(step: int) -> tuple[KeptNote, ...]:
    if not step:
        return ((("own", "This is the first version."),),)
    rows = 1000 + 40 * step
    return (
        (("data", "customers"), ("own", f" has {rows:,} rows, 40 more than before.")),
        (("data", "orders"), ("own", f" has {rows + 120:,} rows, 40 more than before.")),
    )


_SUBJECTS = (
    "Add the orders of the last week",
    "Correct the currency of orders from Norway",
    "Dearer plans from July on",
    "Add customers of the new shop in Lyon",
)


def _breaking(version: ReleasedVersion) -> ReleasedVersion:
    change = SchemaChange(
        kind="removed", column="fax", before="string", after=None,
        compatibility=Compatibility.BREAKING,
    )  # fmt: skip
    first, *others = version.figures.datasets
    told = dict(version.version.trailers) | {"Compatibility": "breaking", "Verdict": "warn"}
    finding = Finding(
        rule="breaking", level="warn", dataset="customers", column="fax",
        message="column fax is removed",
    )  # fmt: skip
    figures = replace(
        version.figures, datasets=(replace(first, changes=(change,)), *others), findings=(finding,)
    )
    return replace(
        version, figures=figures, version=replace(version.version, trailers=tuple(told.items()))
    )


def _withdrawn(version: ReleasedVersion) -> ReleasedVersion:
    yank = Yank(
        reason="prices are in the wrong currency", date="2022-02-20T10:00:00Z",
        replacement="data-v8",
    )  # fmt: skip
    return replace(version, version=replace(version.version, yank=yank))


def hostile() -> SiteContent:
    """Two versions in which every text is an attack."""
    versions = []
    for version in shop().versions[:2]:
        datasets = tuple(
            replace(d, desc=HOSTILE[place % len(HOSTILE)], path=HOSTILE[0],
                    columns=tuple(
                        replace(text("x", 1), name=bad, labels=tuple(HOSTILE[:5]))
                        for bad in HOSTILE
                    ))
            for place, d in enumerate(version.figures.datasets)
        )  # fmt: skip
        figures = replace(
            version.figures, datasets=datasets, author=HOSTILE[1], subject=HOSTILE[2],
            params=tuple((bad, bad) for bad in HOSTILE),
        )  # fmt: skip
        versions.append(replace(version, figures=figures))
    return content(versions, title=HOSTILE[0])

"""Reports as values: one for each outcome and each wording, and the large and hostile ones."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

from datarelease.analysis.files.compare import Listings, compare_files
from datarelease.analysis.files.profile import profile_files
from datarelease.model.data.files import ListedFile
from datarelease.model.data.stream import BatchCounts, Span, StreamReport
from datarelease.model.data.validation import FILES_DECLARED, Validation, Violation
from datarelease.model.review.diff import (
    ColumnDiff,
    ColumnStats,
    Compatibility,
    DatasetDiff,
    DatasetStatus,
    FileCounts,
    Histogram,
    RowChange,
    RowDiff,
    SchemaChange,
)
from datarelease.model.review.judge import judge
from datarelease.model.review.pipeline import (
    MetricChange,
    NotShown,
    ParamChange,
    PipelineDiff,
    PlotChange,
    PlotPoints,
)
from datarelease.model.review.policy import Finding, Policy, Verdict, Waiver
from datarelease.model.review.report import MASK, DatasetReport, Report, VersionRows

DAY = 86400.0
DIGEST = "a1b2c3d4e5f60718293a4b5c6d7e8f90" * 2


def bell(centre: float, width: float, rows: int, edges: Sequence[float]) -> tuple[float, ...]:
    """Counts of a normal distribution in bins."""
    at = [0.5 * (1 + math.erf((edge - centre) / (width * math.sqrt(2)))) for edge in edges]
    return tuple(round((hi - lo) * rows, 1) for lo, hi in pairwise(at))


def bins(lo: float, hi: float, count: int) -> tuple[float, ...]:
    """Bounds of equal bins."""
    return tuple(lo + (hi - lo) * i / count for i in range(count + 1))


def number_column(
    name: str,
    *,
    before: tuple[float, float, int] | None,
    after: tuple[float, float, int] | None,
    nulls: tuple[int, int] = (0, 0),
    drift: tuple[float, float, float] | None = None,
    lo: float = 0.0,
    hi: float = 100.0,
) -> ColumnDiff:
    """A number column; ``before`` and ``after`` are (mean, standard deviation, rows)."""
    edges = bins(lo, hi, 30)

    def stats(side: tuple[float, float, int] | None, missing: int) -> ColumnStats | None:
        if side is None:
            return None
        mean, std, rows = side
        return ColumnStats(
            rows=rows,
            nulls=missing,
            distinct=rows // 3,
            min=max(lo, round(mean - 3 * std, 2)),
            max=min(hi, round(mean + 3 * std, 2)),
            mean=mean,
            std=std,
            median=mean * 0.97,
        )

    psi, ks, js = drift or (None, None, None)
    return ColumnDiff(
        column=name,
        kind="number",
        pii=False,
        before=stats(before, nulls[0]),
        after=stats(after, nulls[1]),
        psi=psi,
        ks=ks,
        js=js,
        histogram=Histogram(
            labels=tuple(f"{edge:g}" for edge in edges),
            edges=edges,
            before=before and bell(*before, edges),
            after=after and bell(*after, edges),
        ),
    )


def time_column(name: str, *, before: int | None, after: int | None) -> ColumnDiff:
    """A column of days from 2022 to 2024, the new side a little later."""
    start = 1640995200.0
    edges = bins(start, start + 3 * 365 * DAY, 36)
    old = bell(start + 500 * DAY, 260 * DAY, before, edges) if before else None
    new = bell(start + 640 * DAY, 240 * DAY, after, edges) if after else None

    def stats(rows: int | None, first: str, last: str, mean: float) -> ColumnStats | None:
        if rows is None:
            return None
        return ColumnStats(
            rows=rows, nulls=0, min=first, max=last, mean=mean, std=250 * DAY, median=mean
        )

    return ColumnDiff(
        column=name,
        kind="time",
        pii=False,
        before=stats(before, "2022-01-01", "2024-03-31", start + 500 * DAY),
        after=stats(after, "2022-01-01", "2024-12-31", start + 640 * DAY),
        psi=0.12 if before and after else None,
        ks=0.17 if before and after else None,
        js=0.03 if before and after else None,
        histogram=Histogram(
            labels=tuple(dt.datetime.fromtimestamp(e, dt.UTC).date().isoformat() for e in edges),
            edges=edges,
            before=old,
            after=new,
        ),
    )


def text_column(
    name: str, counts: dict[str, tuple[int, int]], *, drift: float = 0.0, pii: bool = False
) -> ColumnDiff:
    """A column of categories with (before, after) counts each."""
    old, new = (tuple(float(pair[side]) for pair in counts.values()) for side in (0, 1))
    return ColumnDiff(
        column=name,
        kind="text",
        pii=pii,
        before=ColumnStats(
            rows=int(sum(old)),
            nulls=0,
            distinct=sum(c > 0 for c in old),
            min=MASK if pii else min(counts),
            max=MASK if pii else max(counts),
            length_mean=6.2,
        ),
        after=ColumnStats(
            rows=int(sum(new)),
            nulls=0,
            distinct=sum(c > 0 for c in new),
            min=MASK if pii else min(counts),
            max=MASK if pii else max(counts),
            length_mean=6.4,
        ),
        psi=drift,
        ks=None,
        js=drift / 8,
        histogram=None if pii else Histogram(labels=tuple(counts), edges=(), before=old, after=new),
    )


COUNTRIES = {
    "Germany": (4100, 4300),
    "France": (2300, 3700),
    "Italy": (1900, 2100),
    "Spain": (1100, 1250),
    "Portugal": (420, 400),
    "Luxembourg": (180, 250),
}


@cache
def customers_columns() -> tuple[ColumnDiff, ...]:
    """The columns of a believable customers table, some of which moved."""
    return (
        number_column(
            "customer_id",
            before=(5000, 2900, 10_000),
            after=(6000, 3400, 12_000),
            lo=0,
            hi=12_000,
            drift=(0.09, 0.16, 0.02),
        ),
        text_column("email", {"x": (10_000, 12_000)}, pii=True),
        text_column("country", COUNTRIES, drift=0.05),
        time_column("signed_up", before=10_000, after=12_000),
        number_column(
            "age",
            before=(41, 12, 10_000),
            after=(41.2, 12.1, 12_000),
            nulls=(120, 150),
            lo=18,
            hi=90,
            drift=(0.004, 0.01, 0.001),
        ),
        number_column(
            "monthly_spend",
            before=(41.2, 14, 10_000),
            after=(55.1, 17, 12_000),
            nulls=(98, 504),
            drift=(0.41, 0.32, 0.11),
        ),
    )


def customers_rows() -> RowDiff:
    """A row diff with examples of each kind, a pii column masked."""
    return RowDiff(
        key=("customer_id",),
        added=2_012,
        removed=12,
        changed=310,
        unchanged=9_678,
        columns=(("monthly_spend", 300), ("country", 14), ("email", 1)),
        examples=(
            RowChange(
                kind="changed",
                key=(("customer_id", 17),),
                values=(("monthly_spend", 41.5, 55.25), ("country", "France", "Italy")),
            ),
            RowChange(kind="changed", key=(("customer_id", 230),), values=(("email", MASK, MASK),)),
            RowChange(
                kind="changed", key=(("customer_id", 412),), values=(("monthly_spend", None, 12.0),)
            ),
            RowChange(
                kind="added",
                key=(("customer_id", 10_001),),
                values=(
                    ("email", None, MASK),
                    ("country", None, "Portugal"),
                    ("signed_up", None, "2024-11-30"),
                    ("age", None, 37),
                    ("monthly_spend", None, 61.5),
                ),
            ),
            RowChange(kind="removed", key=(("customer_id", 99),)),  # of an earlier release
        ),
    )


def dataset(
    name: str = "customers",
    *,
    status: DatasetStatus = "changed",
    rows: tuple[int | None, int | None] = (10_000, 12_000),
    violations: tuple[Violation, ...] = (),
    **diff: Any,
) -> DatasetReport:
    """A dataset's part of a report."""
    removed = status == "removed"
    return DatasetReport(
        name=name,
        path=f"data/{name}.parquet",
        desc="",
        validation=None
        if removed
        else Validation(
            dataset=name,
            rows=rows[1] or 0,
            schema=f"schemas/{name}.yaml",
            checks=42,
            violations=violations,
        ),
        diff=DatasetDiff(
            name=name,
            status=status,
            rows_before=rows[0],
            rows_after=rows[1],
            **diff,
        ),
        size=None if removed else 1_234_567,
    )


def report(*datasets: DatasetReport, **fields: Any) -> Report:
    """A report with believable values where none are given."""
    given = {
        "outcome": "release",
        "tag": "data-v4",
        "base": "data-v3",
        "rollback_of": None,
        "digest": DIGEST,
        "base_digest": "b" * 64,
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "compatibility": max(
            (d.diff.compatibility for d in datasets), default=Compatibility.IDENTICAL
        ),
        "verdict": judge(Policy(), datasets),
        "params": (),
        "datasets": datasets,
        "tool": "datarelease 0.1.0",
        "psi_limit": Policy().psi,
        "history": (
            VersionRows(tag="data-v1", date="2026-08-01T10:00:00Z", rows=(("customers", 8000),)),
            VersionRows(tag="data-v2", date="2026-09-03T10:00:00Z", rows=(("customers", 9100),)),
            VersionRows(tag="data-v3", date="2026-10-11T10:00:00Z", rows=(("customers", 10_000),)),
        ),
    } | fields
    return Report(**given)


def small() -> Report:
    """One parameter, one dataset, a few more rows: the everyday change."""
    moved = number_column(
        "age",
        before=(41, 12, 10_000),
        after=(41.2, 12, 10_020),
        drift=(0.003, 0.008, 0.001),
        lo=18,
        hi=90,
    )
    rows = RowDiff(
        key=("customer_id",), added=20, removed=0, changed=0, unchanged=10_000, columns=()
    )
    return report(
        with_rows(dataset(rows=(10_000, 10_020), columns=(moved,)), rows),
        params=(ParamChange(name="make.rows", before="10000", after="10020"),),
    )


def with_rows(part: DatasetReport, rows: RowDiff | None, why: str = "") -> DatasetReport:
    """The dataset with a row diff, or with the reason why there is none."""
    return replace(part, diff=replace(part.diff, rows=rows, no_row_diff=why))


def warned() -> Report:
    """Drift and null rates beyond their limits."""
    return report(
        with_rows(
            dataset(
                columns=customers_columns(),
                schema=(
                    SchemaChange(
                        kind="added",
                        column="churn_reason",
                        before=None,
                        after="string",
                        compatibility=Compatibility.ADDITIVE,
                    ),
                ),
            ),
            customers_rows(),
        ),
        dataset(
            "orders",
            rows=(52_000, 52_340),
            no_row_diff="the dataset declares no key",
            files=FileCounts(added=1, unchanged=11),
        ),
        dataset("countries", status="identical", rows=(28, 28)),
        params=(
            ParamChange(name="make.rows", before="10000", after="12000"),
            ParamChange(name="make.country_mix.France", before="0.23", after="0.31"),
            ParamChange(name="make.churn_rate", before=None, after="0.05"),
            ParamChange(file="conf/train.yaml", name="optimizer.lr", before="0.001", after="0.01"),
        ),
        pipeline=measured(),
    )


def measured() -> PipelineDiff:
    """Metrics of two files, one of which has a new and a lost one; and a file that is not shown."""
    return PipelineDiff(
        metrics=(
            MetricChange(file="scores/test.json", name="auc", before=0.912, after=0.8875),
            MetricChange(file="scores/test.json", name="support.churned", before=1200, after=1312),
            MetricChange(file="scores/test.json", name="loss.l2", before=0.25, after=None),
            MetricChange(file="scores/train.json", name="model", before="forest", after="boosted"),
            MetricChange(file="scores/train.json", name="epochs", before=None, after=40),
        ),
        plots=(
            PlotChange(
                name="Loss",
                file="scores/curve.csv",
                kind="line",
                x="epoch",
                y="loss",
                before=PlotPoints(
                    x=tuple(map(float, range(30))),
                    y=tuple(round(1.2 * 0.9**n + 0.2, 4) for n in range(30)),
                ),
                after=PlotPoints(
                    x=tuple(map(float, range(40))),
                    y=tuple(round(1.1 * 0.87**n + 0.15, 4) for n in range(40)),
                ),
            ),
            PlotChange(
                name="scores/errors.json",
                file="scores/errors.json",
                kind="scatter",
                x="predicted",
                y="actual",
                before=None,
                after=PlotPoints(
                    x=tuple(float(n % 17) for n in range(60)),
                    y=tuple(float(n % 17 + n % 5) for n in range(60)),
                ),
            ),
            PlotChange(
                name="Importance of each column",
                file="scores/importance.csv",
                kind="bar",
                x="gain",
                y="column",
                before=PlotPoints(labels=("age", "plan"), y=(0.5, 0.25)),
                after=PlotPoints(labels=("age", "monthly_spend", "plan"), y=(0.375, 0.5, 0.125)),
            ),
        ),
        not_shown=(
            NotShown(
                file="scores/calibration.json",
                why="DVC keeps it in its cache, and it is not on this machine",
            ),
        ),
    )


VIOLATIONS = (
    Violation(
        column="age",
        check="in_range(0, 120)",
        reason="dataframe_check",
        category="data",
        count=12,
        total=12_000,
        examples=(
            (("customer_id", 17), ("age", -3)),
            (("customer_id", 23), ("age", 412)),
            (("customer_id", 51), ("age", 999)),
        ),
    ),
    Violation(
        column="email",
        check="str_matches('^[^@]+@[^@]+$')",
        reason="dataframe_check",
        category="data",
        count=3,
        total=12_000,
        examples=((("customer_id", 18), ("email", MASK)),),
    ),
    Violation(
        column="customer_id",
        check="unique",
        reason="series_contains_duplicates",
        category="data",
        count=4,
        total=12_000,
        examples=((("customer_id", 4),),),
    ),
    Violation(
        column="signed_up",
        check="dtype('datetime64[us]')",
        reason="wrong_datatype",
        category="schema",
        count=1,
        total=1,
        message="expected timestamp, found string",
    ),
    Violation(
        column="country",
        check="isin(['DE', 'FR'])",
        reason="dataframe_check",
        category="data",
        count=1900,
        total=12_000,
        severity="warning",
        examples=((("customer_id", 7), ("country", "Italy")),),
    ),
)


def blocked() -> Report:
    """Bad data, a column lost, rows lost, and a dataset gone."""
    changes = (
        SchemaChange(
            kind="removed",
            column="phone",
            before="string",
            after=None,
            compatibility=Compatibility.BREAKING,
        ),
        SchemaChange(
            kind="renamed",
            column="spend",
            before="spend",
            after="monthly_spend",
            compatibility=Compatibility.BREAKING,
            note="98% of the values agree",
        ),
        SchemaChange(
            kind="retyped",
            column="age",
            before="int64",
            after="string",
            compatibility=Compatibility.BREAKING,
        ),
        SchemaChange(
            kind="key",
            column=None,
            before="customer_id",
            after="customer_id, country",
            compatibility=Compatibility.BREAKING,
        ),
        SchemaChange(
            kind="contract",
            column="email",
            before="not null",
            after=None,
            compatibility=Compatibility.BREAKING,
        ),
        SchemaChange(
            kind="added",
            column="churn_reason",
            before=None,
            after="string",
            compatibility=Compatibility.ADDITIVE,
        ),
    )
    made = report(
        with_rows(
            dataset(
                rows=(10_000, 7_900),
                columns=customers_columns(),
                schema=changes,
                violations=VIOLATIONS,
            ),
            customers_rows(),
        ),
        dataset("orders", status="removed", rows=(52_000, None)),
        dataset(
            "invoices",
            status="added",
            rows=(None, 812),
            columns=(
                number_column("amount", before=None, after=(50, 20, 812)),
                time_column("issued", before=None, after=812),
            ),
        ),
        dataset("countries", status="identical", rows=(28, 28)),
        params=(ParamChange(name="make.inject_errors", before="false", after="true"),),
        notes=("The history was read from tags; data-v2 has no manifest on the remote.",),
    )
    excused = Finding(
        rule="breaking",
        level="warn",
        dataset="customers",
        column="fax",
        message="breaking change: column 'fax' was removed",
        what="customers.fax",
        waiver=Waiver(
            what="customers.fax", until="data-v4", number=4, reason="nobody asked for it in a year"
        ),
    )
    return replace(made, verdict=Verdict(findings=(*made.verdict.findings, excused)))


def first() -> Report:
    """No version yet."""
    columns = tuple(
        replace(
            c,
            before=None,
            psi=None,
            ks=None,
            js=None,
            histogram=c.histogram and replace(c.histogram, before=None),
        )
        for c in customers_columns()
    )
    return report(
        dataset(status="added", rows=(None, 12_000), columns=columns),
        outcome="first",
        tag="data-v1",
        base=None,
        base_digest=None,
        history=(),
        compatibility=Compatibility.ADDITIVE,
    )


def rollback() -> Report:
    """Back to older data."""
    part = with_rows(dataset(rows=(10_000, 9_100)), None, "the data of data-v3 is not at hand")
    return report(part, outcome="rollback", tag="data-v5", base="data-v4", rollback_of="data-v2")


def unchanged() -> Report:
    """Nothing changed."""
    return report(
        dataset(status="identical", rows=(10_000, 10_000)),
        outcome="unchanged",
        tag=None,
        base_digest=DIGEST,
    )


def same_bytes() -> Report:
    """Other params, equal bytes."""
    return report(
        dataset(status="identical", rows=(10_000, 10_000)),
        outcome="same_bytes",
        tag=None,
        base_digest=DIGEST,
        params=(ParamChange(name="make.comment", before='"a"', after='"b"'),),
    )


def wide(columns: int = 300, *, name: str = "column {}") -> Report:
    """A dataset of very many columns, all of which moved."""
    found = tuple(
        number_column(
            name.format(i),
            before=(40, 12, 10_000),
            after=(40 + i / 20, 13, 12_000),
            nulls=(0, i),
            drift=(i / 600, i / 700, i / 2000),
        )
        for i in range(columns)
    )
    return report(with_rows(dataset(columns=found), customers_rows()))


def many(datasets: int = 500, *, name: str = "dataset {}") -> Report:
    """Very many datasets, each blocked by 31 findings, breaking and losing rows."""
    parts = []
    for i in range(datasets):
        changes = tuple(
            SchemaChange(
                kind="removed",
                column=name.format(f"column {c}"),
                before="string",
                after=None,
                compatibility=Compatibility.BREAKING,
            )
            for c in range(30)
        )
        failed = replace(VIOLATIONS[0], column=name.format("x"), check=name.format("check"))
        drifted = replace(customers_columns()[5], column=name.format("y"))
        parts.append(
            dataset(
                name.format(i),
                rows=(1000, 10),
                schema=changes,
                violations=(failed,) * 20,
                columns=(drifted,),
            )
        )
    return report(*parts)


def compared() -> Report:
    """Two released versions, side by side."""
    return replace(warned(), outcome="compared", verdict=Verdict(), params=())


def streamed() -> Report:
    """Two batches from a topic, with everything that can be said of them."""

    def batch(number: int, **counts: Any) -> BatchCounts:
        spans = tuple(
            Span(partition=p, start=(number - 1) * 4000, end=number * 4000, high=number * 4000)
            for p in range(3)
        )
        given = {"records": 12_000, "events": 12_000, "duplicates": 0, "tombstones": 0, "dead": 0}
        return BatchCounts(number=number, spans=spans, md5=f"{number:032x}", **(given | counts))

    lost = Span(partition=7, start=500, end=900, high=1000, lost=41)
    new = (
        batch(5, events=11_650, dead=312, duplicates=30, tombstones=8, late=17, out_of_order=4,
              reasons=(("amount:in_range", 300), ("not_json", 12)), schemas=(17, 18),
              unknown=(("coupon", 640),),
              first="2026-11-01T00:00:03Z", last="2026-11-02T09:15:00Z"),
        replace(batch(6, records=400, events=400), spans=(lost,), holes=2),
    )  # fmt: skip
    stream = StreamReport(name="customers", topic="shop.customers", before=4, new=new)
    part = with_rows(
        dataset(rows=(48_000, 60_050), columns=customers_columns()[:3]),
        RowDiff(key=("customer_id",), added=12_050, removed=0, changed=0, unchanged=0, columns=(),
                skipped_files=4),
    )  # fmt: skip
    return report(part, streams=(stream,), verdict=judge(Policy(), (part,), (stream,)))


def files() -> Report:
    """A dataset of files with every kind of change, and broken rules."""
    size = 48_000
    listing = [
        ListedFile("labels/notes.md", 900, "notes"),
        *(ListedFile(f"cats/{n}.png", size + n * 900, f"cats{n}") for n in range(3, 60)),
        *(ListedFile(f"dogs/{n}.png", size + n * 700, f"dog{n}") for n in range(5)),
        *(ListedFile(f"wolves/{n}.png", size + n * 900, f"dogs{n}") for n in range(5, 40)),
    ]
    old = [
        ListedFile(f"{folder}/{n}.png", size + n * 900, f"{folder}{n}")
        for folder in ("cats", "dogs")
        for n in range(40)
    ]
    diff = compare_files(
        "images",
        profile_files("images", old),
        profile_files("images", listing),
        listings=Listings(before=old, after=listing),
    )
    broken = Violation(
        column=None, check="kinds: image/png", reason="file_check", category="data", count=1,
        total=len(listing), examples=((("file", "labels/notes.md"), ("kind", "text/markdown")),),
    )  # fmt: skip
    outcome = Validation(
        dataset="images", rows=len(listing), schema=FILES_DECLARED, checks=3, violations=(broken,)
    )
    part = DatasetReport(
        name="images", path="data/images", desc="Pictures", validation=outcome, diff=diff,
        size=sum(file.size for file in listing),
    )  # fmt: skip
    history = tuple(
        VersionRows(tag=f"data-v{n}", date="2026-10-11T10:00:00Z", rows=(("images", 60 + 10 * n),))
        for n in (1, 2)
    )
    return report(part, history=history, verdict=judge(Policy(), (part,)))


SAMPLES = {
    "files": files,
    "streamed": streamed,
    "small": small,
    "warned": warned,
    "blocked": blocked,
    "first": first,
    "rollback": rollback,
    "unchanged": unchanged,
    "same_bytes": same_bytes,
    "compared": compared,
}

"""Two released versions compared."""

from __future__ import annotations

from datarelease.flows.check.baseline import Baseline, read_baseline
from datarelease.flows.check.compare import compare_sides
from datarelease.flows.check.streams import compare_streams, counts_then
from datarelease.flows.repository import Repository, catalogue_of, warned_of
from datarelease.model.review.diff import Compatibility, Diff
from datarelease.model.review.policy import Verdict
from datarelease.model.review.report import DatasetReport, Report


def compare_versions(repository: Repository, before: str, after: str, *, tool: str) -> Report:
    """What changed from one version to another, as a report that judges nothing.

    Raises:
        ConfigError: No such version.
        WorldError: Statistics or data are neither in git nor on a remote.
    """
    catalogue = catalogue_of(repository)
    old, new = (warned_of(repository, catalogue, text) for text in (before, after))
    then = read_baseline(repository, old)
    now = read_baseline(then.repository, new)
    diff = _diff(now.repository, then, now)
    declared = {dataset.name: dataset for side in (then, now) for dataset in side.datasets}
    sizes = {content.name: content.size for content in now.snapshot.datasets}
    every = declared.values()
    streams = compare_streams(
        counts_then(repository.at(old.commit).read, every, repository.progress),
        counts_then(repository.at(new.commit).read, every, repository.progress),
    )
    return Report(
        outcome="compared",
        tag=new.tag,
        base=old.tag,
        rollback_of=new.trailer("Rollback-Of"),
        digest=new.digest,
        base_digest=old.digest,
        commit=new.commit,
        compatibility=max(
            (dataset.compatibility for dataset in diff.datasets), default=Compatibility.IDENTICAL
        ),
        verdict=Verdict(),
        params=(),
        datasets=tuple(
            DatasetReport(
                name=part.name,
                path=declared[part.name].path,
                desc=declared[part.name].desc,
                validation=None,
                diff=part,
                size=sizes.get(part.name),
            )
            for part in diff.datasets
        ),
        streams=streams,
        notes=tuple(filter(None, map(catalogue.withdrawal, (old, new)))),
        tool=tool,
    )


def _diff(repository: Repository, before: Baseline, after: Baseline) -> Diff:
    names = sorted({dataset.name for side in (before, after) for dataset in side.datasets})
    with repository.engine() as engine:
        return Diff(
            datasets=tuple(
                compare_sides(repository, before.side(name), after.side(name), engine)
                for name in names
            )
        )

"""The check of a change: reproduce, validate, profile, compare, judge -> Report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from datarelease.analysis.engine.protocol import Engine
from datarelease.errors import ConfigError
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.check.assess import Assessment, FindDocuments, assess
from datarelease.flows.check.baseline import Baseline, read_baseline
from datarelease.flows.check.clean import Changes, unclean_files
from datarelease.flows.check.compare import compare_sides
from datarelease.flows.check.reproduce import reproduce
from datarelease.flows.check.results import (
    compare_results,
    results_in_git,
    results_in_work_tree,
)
from datarelease.flows.check.row_files import RowFiles, write_violations
from datarelease.flows.check.streams import streams_of_change
from datarelease.flows.check.tracked_outputs import work_tree_snapshot
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.channels import channel_notes
from datarelease.model.review.diff import Compatibility
from datarelease.model.review.judge import judge
from datarelease.model.review.pipeline import ParamChange, PipelineDiff
from datarelease.model.review.policy import Finding, Verdict, idle
from datarelease.model.review.report import (
    DatasetReport,
    MergeEffect,
    Report,
    VersionRows,
    report_on,
)
from datarelease.model.versions.lineage import predecessors, split_parts
from datarelease.model.versions.snapshot import DatasetSnapshot, Snapshot
from datarelease.model.versions.version import Version
from datarelease.settings.places import PARAMS_FILE


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A report together with what it was made from."""

    report: Report
    snapshot: Snapshot
    catalogue: Catalogue
    baseline: Baseline | None
    assessments: Mapping[str, Assessment]
    head: str | None
    """The commit that was checked out; None: there is none yet."""
    changed: Changes
    """How the work tree differed from it when the check was done."""


def check(
    ws: Workspace,
    catalogue: Catalogue | None = None,
    *,
    base: str | None = None,
    bring: Callable[[Workspace, Catalogue], tuple[str, ...]] = reproduce,
    rows: RowFiles | None = None,
) -> Checked:
    """What merging the work tree would do, and whether it may.

    It is compared with the version ``base``; None: with the newest that is not withdrawn. ``bring``
    brings the work tree up to date, and returns the stages that could not be run. The rows behind
    the findings go to ``rows``.

    Raises:
        ConfigError: Settings, pipeline, schema or work tree cannot be used.
        WorldError: The git remote or data that is needed is not available.
    """
    catalogue, before = _baseline(ws, catalogue or read_catalogue(ws.git, ws.tags), base)
    version = before.version if before is not None else None
    failed = bring(ws, catalogue)
    now = work_tree_snapshot(ws)
    with ws.engine() as engine:
        assessments = {
            dataset.name: assess(ws, dataset, content, engine, _released(before, content))
            for dataset in ws.settings.datasets
            if (content := now.get(dataset.name)) is not None
        }
        later = [v for v in catalogue.versions if version and v.number > version.number]
        datasets = _datasets(ws, now, before, assessments, engine, rows, later)
    ws.memo.prune()
    head, changed = ws.git.resolve("HEAD"), ws.git.changed()
    commit = None if unclean_files(ws, changed) else head
    report = report_of(ws, catalogue, version, now, datasets, commit=commit)
    if failed and report.level != "block":
        raise ConfigError(
            f"`dvc repro` failed: the data was made, but {', '.join(failed)} could not be run. "
            "Its own output is above.",
            untouched="Nothing was pushed or tagged.",
            remedy="Correct the stage, then run the command again.",
        )
    return Checked(
        report=report,
        snapshot=now,
        catalogue=catalogue,
        baseline=before,
        assessments=assessments,
        head=head,
        changed=changed,
    )


def _baseline(
    ws: Workspace, catalogue: Catalogue, base: str | None
) -> tuple[Catalogue, Baseline | None]:
    """What to compare with, and the versions without newer ones that hold other data than they say.

    This needs neither a remote nor a secret; a release looks at the manifests, too.
    """
    if base is not None:
        return catalogue, read_baseline(ws, catalogue.find_readable(base))
    while (latest := catalogue.latest) is not None:
        found = read_baseline(ws, latest)
        if found.snapshot.digest == latest.digest:
            return catalogue, found
        catalogue = catalogue.without(latest)
    return catalogue, None


def _released(before: Baseline | None, content: DatasetSnapshot) -> FindDocuments:
    """The documents of the baseline about a dataset, where they are about this very data."""
    then = before.snapshot.get(content.name) if before is not None else None
    if before is None or then is None or then.content != content.content:
        return lambda _: ()
    return before.documents


def _datasets(
    ws: Workspace,
    now: Snapshot,
    before: Baseline | None,
    assessments: Mapping[str, Assessment],
    engine: Engine,
    rows: RowFiles | None,
    since: Sequence[Version],
) -> tuple[DatasetReport, ...]:
    reports, repository = [], before.repository if before else ws
    names = {dataset.name for dataset in before.datasets} if before else set()
    renamed = predecessors(ws.settings.datasets, names, since)
    reasons = {dataset.name: dataset.retired or "" for dataset in ws.settings.retired}
    for dataset in ws.settings.datasets:
        content, found = now.get(dataset.name), assessments.get(dataset.name)
        if content is None or found is None:
            raise KeyError(dataset.name)
        old = before.side(renamed.get(dataset.name, dataset.name)) if before else None
        new = found.side(ws, dataset, content)
        part = dataset.name in split_parts(renamed)
        diff = compare_sides(repository, old, new, engine, rows, part=part)
        if rows is not None:
            write_violations(ws, rows, dataset, content, found.validation, engine)
        reports.append(
            report_on(
                dataset,
                diff,
                validation=found.validation,
                size=content.size,
                row_files=rows.of(dataset.name) if rows is not None else (),
            )
        )
    for dataset in before.datasets if before else ():
        gone = now.get(dataset.name) is None and dataset.name not in renamed.values()
        if before is not None and gone:
            diff = compare_sides(repository, before.side(dataset.name), None, engine)
            diff = dataclasses.replace(diff, retired=reasons.get(dataset.name, ""))
            reports.append(report_on(dataset, diff))
    return tuple(reports)


def report_of(
    ws: Workspace,
    catalogue: Catalogue,
    base: Version | None,
    now: Snapshot,
    datasets: tuple[DatasetReport, ...],
    *,
    commit: str | None,
) -> Report:
    """What releasing ``now`` would do (its work tree equals ``commit``, if any), judged."""
    params, pipeline = _results_diff(ws, base)
    same = catalogue.with_digest(now.digest)
    outcome = _outcome(catalogue, base, same, now.digest, params)
    rollback_of = same.tag if outcome == "rollback" and same else None
    streams, fed = streams_of_change(ws, base, now)
    number, policy = catalogue.next_number, ws.settings.policy
    verdict = judge(policy, datasets, streams, number=number, fed=fed, rollback_of=rollback_of)
    waivers = idle(policy.waivers, verdict.findings, number, ws.tags.format(number))
    if same is not None and not same.in_force and outcome == "rollback":
        verdict = _with_refusal(verdict, catalogue, same)
    releases = outcome in {"first", "release", "rollback"}
    changes = (dataset.diff.compatibility for dataset in datasets)
    return Report(
        outcome=outcome,
        tag=ws.tags.format(catalogue.next_number) if releases else None,
        base=base.tag if base else None,
        rollback_of=rollback_of,
        digest=now.digest,
        base_digest=base.digest if base else None,
        commit=commit,
        compatibility=max(changes, default=Compatibility.IDENTICAL),
        verdict=verdict,
        params=params,
        datasets=datasets,
        pipeline=pipeline,
        streams=streams,
        history=tuple(
            VersionRows(tag=v.tag, date=v.date, rows=(*v.rows, *v.files))
            for v in catalogue.versions
        ),
        notes=(*waivers, *_notes(ws, catalogue, base, datasets)),
        tool=ws.tool,
        psi_limit=policy.psi,
    )


def _outcome(
    catalogue: Catalogue,
    base: Version | None,
    same: Version | None,
    digest: str,
    params: tuple[ParamChange, ...],
) -> MergeEffect:
    latest = catalogue.latest
    if latest is not None and latest.digest == digest:
        return "same_bytes" if params and base == latest else "unchanged"
    if same is not None:
        return "rollback"
    return "release" if base is not None or catalogue.versions else "first"


def _with_refusal(verdict: Verdict, catalogue: Catalogue, same: Version) -> Verdict:
    """Withdrawn or erased data blocks: else the next release of main would publish it again."""
    reason = same.yank.reason if same.yank else ""
    rule, message = "yanked", f"this is the data of {same.tag}, which was withdrawn: {reason}"
    if same.erased is not None:
        message = f"this is the data of an erased version: {catalogue.erasure(same)}"
        rule = "erased"
    finding = Finding(rule=rule, level="block", dataset="", column=None, message=message)
    return Verdict(findings=(finding, *verdict.findings))


def _results_diff(
    ws: Workspace, base: Version | None
) -> tuple[tuple[ParamChange, ...], PipelineDiff]:
    if base is None:
        return (), PipelineDiff()
    before = results_in_git(ws.at(base.commit), ws.objects)
    return compare_results(before, results_in_work_tree(ws.tracked, ws.objects, ws.root))


def _notes(
    ws: Workspace, catalogue: Catalogue, base: Version | None, datasets: Iterable[DatasetReport]
) -> Iterable[str]:
    if catalogue.note:
        yield catalogue.note
    withdrawal = catalogue.withdrawal(base) if base is not None else None
    if withdrawal is not None:
        yield f"the baseline is a withdrawn version: {withdrawal}"
    if base is not None and catalogue.latest is not None and base.tag != catalogue.latest.tag:
        yield f"the baseline is {base.tag}; the newest version is {catalogue.latest.tag}"
    for tag in catalogue.hand_made:
        yield f"{tag} is skipped because its manifest and its tag differ"
    yield from _skipped(catalogue, base)
    yield from channel_notes(ws.settings.channels, catalogue)
    columns = {
        name
        for dataset in datasets
        for column in dataset.diff.columns
        for name in (column.column, f"{dataset.name}.{column.column}")
    }
    for rule in ("null_rate", "psi", "ks", "js"):
        for name in getattr(ws.settings.policy, rule).overrides:
            if columns and name not in columns:
                place = f"{PARAMS_FILE}: release.policy.{rule}.columns.{name}"
                yield f"{place} names a column that no dataset has"


def _skipped(catalogue: Catalogue, base: Version | None) -> Iterable[str]:
    """The versions after the baseline that are none themselves."""
    for version in catalogue.versions:
        gone = version.erased or version.yank
        if gone is not None and (base is None or version.number > base.number):
            what = "withdrawn" if version.erased is None else "erased"
            yield f"{version.tag} was {what} and is skipped: {gone.reason}"

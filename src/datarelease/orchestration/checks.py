"""What the schema and the policy say of each dataset, as asset checks.

They come from ``datarelease check``, and for data that was released outside of Dagster from the
report of its version. A run records the latter, and not the sensor that asks for it, for two
reasons. The report comes from a remote, which may take longer than a tick may. And Dagster 1.13
shows an evaluation that belongs to no run for every later materialization that belongs to no run,
whatever that evaluation was about (``AssetCheckExecutionRecord.targets_latest_materialization``
compares the empty ids of their runs first): data that nobody has checked would be shown with the
result of older data.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from datarelease.adapters.git.repository import Git
from datarelease.app.reports import write_report
from datarelease.flows.check.check import check
from datarelease.flows.repository import catalogue_of
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import overlap
from datarelease.model.review.policy import Level
from datarelease.model.review.report import Report
from datarelease.model.versions.version import Version
from datarelease.orchestration.assets import WORK_TREE
from datarelease.orchestration.dagster_private import DATA_VERSION_TAG, TargetMaterialization
from datarelease.orchestration.metadata import (
    Metadata,
    findings_markdown,
    report_metadata,
    validation_metadata,
)
from datarelease.orchestration.pipeline import (
    CHECK_OP,
    OUTCOME_TAG,
    RECORD_OP,
    RELEASED_CHECKS,
    identifier,
)
from datarelease.orchestration.releases import released_report, tracked_at
from datarelease.orchestration.resources import (
    WORLD_RETRIES,
    Logged,
    RepositoryResource,
    dagster_errors,
    job_of,
)
from datarelease.render.verdict import VerdictView

_SCHEMA = "schema"
POLICY = "policy"
_LAST = {"dagster/priority": "-1"}
"""After the stages that are ready too: what they find out need not be found out again."""
RECORDED, UNREADABLE = "recorded", "unreadable"
"""Outcomes of a run; another run about the same events would end alike."""


@dataclass(frozen=True, kw_only=True)
class Checks:
    """The checks of one dataset."""

    key: dg.AssetKey
    dataset: Dataset
    suffix: str
    """Tells them from those of another dataset in the same directory."""

    def specs(self) -> Iterator[dg.AssetCheckSpec]:
        """Both. They hold up nothing: what they are about is downstream of the data, too.

        The release refuses by itself what they would stop, and says why.
        """
        schema = self.dataset.schema or "no schema is declared"
        yield dg.AssetCheckSpec(
            _SCHEMA + self.suffix,
            asset=self.key,
            description=f"Pandera: the data of {self.dataset.name} against {schema}.",
        )
        yield dg.AssetCheckSpec(
            POLICY + self.suffix,
            asset=self.key,
            description=f"What changed in {self.dataset.name} since the newest version, against "
            "release.policy of params.yaml.",
        )

    def results(
        self, report: Report, verdict: VerdictView, shared: Metadata, level: Level
    ) -> Iterator[dg.AssetCheckResult]:
        """The outcomes of the schema and of the policy; none where the report lacks the dataset.

        What the policy found about all datasets counts for each. ``shared`` is the metadata of the
        whole report; ``level`` is what the policy says of violations.
        """
        part = report.dataset(self.dataset.name)
        if part is None:
            return
        validation = part.validation
        failed = validation is not None and bool(validation.violations)
        blocks = validation is not None and not validation.passed and level == "block"
        yield dg.AssetCheckResult(
            check_name=_SCHEMA + self.suffix,
            asset_key=self.key,
            passed=not failed,
            severity=_severity(blocks=blocks),
            metadata=validation_metadata(part, validation) if validation else {},
        )
        found = verdict.by_dataset
        findings = (*found.get("", ()), *found.get(self.dataset.name, ()))
        yield dg.AssetCheckResult(
            check_name=POLICY + self.suffix,
            asset_key=self.key,
            passed=not findings,
            severity=_severity(blocks=any(finding.level == "block" for finding in findings)),
            metadata={"findings": findings_markdown(verdict, findings), **shared},
        )


def _severity(*, blocks: bool) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN


def checks_of(datasets: Sequence[tuple[dg.AssetKey, Dataset]]) -> list[Checks]:
    """The checks of each dataset."""
    shared = Counter(key for key, _ in datasets)
    return [
        Checks(key=key, dataset=each, suffix=f"_{identifier(each.name)}" if shared[key] > 1 else "")
        for key, each in datasets
    ]


def dataset_checks(all_checks: Sequence[Checks]) -> dg.AssetChecksDefinition:
    """The checks of all datasets, made in one step as they come from one report."""

    @dg.multi_asset_check(
        name=CHECK_OP,
        specs=[spec for checks in all_checks for spec in checks.specs()],
        can_subset=True,
        pool=WORK_TREE,
        op_tags=_LAST,
        description="What `datarelease check` says: the schemas of Pandera, and the policy.",
    )
    def run(
        context: dg.AssetCheckExecutionContext, repository: RepositoryResource
    ) -> Iterator[dg.AssetCheckResult]:
        with dagster_errors():
            ws = repository.workspace(Logged(context.log))
            report = check(ws).report
            write_report(report, ws.root / "reports")
        verdict, shared = VerdictView(report), report_metadata(report)
        wanted = {(key.asset_key, key.name) for key in context.selected_asset_check_keys}
        for checks in all_checks:
            for result in checks.results(report, verdict, shared, ws.settings.policy.violations):
                if (result.asset_key, result.check_name) in wanted:
                    yield result

    return run


@dataclass(frozen=True, kw_only=True)
class Unevaluated:
    """A dataset whose data is that of a version, with checks that have no result for it."""

    checks: Checks
    names: frozenset[str]
    """Of the checks without a result."""
    event: dg.EventLogRecord
    """The newest materialization of its asset, or the newest observation of a source."""

    def evaluations(self, report: Report, version: Version) -> Iterator[dg.AssetCheckEvaluation]:
        """The results that the report of ``version`` has; none where it lacks the dataset."""
        event, target = self.event, None
        if event.asset_materialization is not None:  # a source has none, and Dagster looks for none
            target = TargetMaterialization(
                storage_id=event.storage_id, run_id=event.run_id, timestamp=event.timestamp
            )
        verdict, shared = VerdictView(report), report_metadata(report)
        # "warn": a version with violations exists only where the policy did not block them.
        for result in self.checks.results(report, verdict, shared, "warn"):
            if result.check_name in self.names:
                yield dg.AssetCheckEvaluation(
                    asset_key=self.checks.key,
                    check_name=result.check_name,
                    passed=result.passed,
                    severity=result.severity,
                    description=f"from the report of {version.tag}",
                    metadata={**result.metadata, "version": dg.MetadataValue.text(version.tag)},
                    target_materialization_data=target,
                )


@dataclass(frozen=True, kw_only=True)
class ReleasedData:
    """What a release is made from, and the checks of its datasets."""

    deps: Mapping[str, dg.AssetKey]
    """By path: outputs of stages, and datasets that ``.dvc`` files track."""
    checks: Sequence[Checks]

    def unevaluated(
        self, git: Git, version: Version, instance: dg.DagsterInstance
    ) -> tuple[Unevaluated, ...]:
        """The datasets that Dagster has at ``version``, with checks that have no result there.

        A check that a run evaluates at the moment counts as one that has a result.
        """
        found = [each for checks in self.checks if (each := _unevaluated(checks, instance))]
        if not found:
            return ()
        tracked = {out.path: out.md5 for out in tracked_at(git, version.commit)}
        return tuple(each for each in found if self._holds(each.checks, tracked, instance))

    def _holds(
        self, checks: Checks, tracked: Mapping[str, str | None], instance: dg.DagsterInstance
    ) -> bool:
        """Every asset that has a part of the dataset is at the data version ``tracked``."""
        paths = [path for path in self.deps if overlap(path, checks.dataset.path)]
        return all(
            (md5 := tracked.get(path)) is not None
            and (event := _newest(instance, self.deps[path])) is not None
            and (event.event_log_entry.tags or {}).get(DATA_VERSION_TAG) == md5
            for path in paths
        )


def _unevaluated(checks: Checks, instance: dg.DagsterInstance) -> Unevaluated | None:
    event = _newest(instance, checks.key)
    if event is None:
        return None
    names = frozenset(
        spec.name for spec in checks.specs() if not _has_result(instance, spec.key, event)
    )
    return Unevaluated(checks=checks, names=names, event=event) if names else None


def _newest(instance: dg.DagsterInstance, key: dg.AssetKey) -> dg.EventLogRecord | None:
    """The newest materialization of an asset; of a source, which has none, its observation."""
    for fetch in (instance.fetch_materializations, instance.fetch_observations):
        records = fetch(key, limit=1).records
        if records:
            return records[0]
    return None


def _has_result(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, event: dg.EventLogRecord
) -> bool:
    """The newest evaluation of a check is about this ``event``, or a run makes one now."""
    record = instance.get_latest_asset_check_evaluation_record(check)
    if record is None or record.event is None:
        return False
    evaluation = record.evaluation
    if not isinstance(evaluation, dg.AssetCheckEvaluation):  # it is planned
        run = instance.get_run_by_id(record.run_id)
        return run is not None and not run.is_finished
    if evaluation.target_materialization_data is None:
        return record.event.timestamp > event.timestamp
    return evaluation.target_materialization_data.storage_id == event.storage_id


def released_checks_job(data: ReleasedData) -> dg.JobDefinition:
    """Records what the report of the newest version says of data that Dagster has, once."""

    @dg.op(name=RECORD_OP, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def record(
        context: dg.OpExecutionContext, repository: RepositoryResource
    ) -> Iterator[dg.AssetCheckEvaluation]:
        """Record an evaluation for each check of released data that has none."""
        progress = Logged(context.log)
        with dagster_errors():
            ws = repository.workspace(progress)
            version = catalogue_of(ws).latest
            found = data.unevaluated(ws.git, version, context.instance) if version else ()
            report = released_report(ws, version, progress) if version and found else None
        if version is not None and report is not None:
            for each in found:
                yield from each.evaluations(report, version)
        outcome = UNREADABLE if found and report is None else RECORDED
        context.instance.add_run_tags(context.run_id, {OUTCOME_TAG: outcome})

    return job_of(
        record,
        RELEASED_CHECKS,
        "Takes the results of the checks of released data from the report of the newest version. "
        "Run twice, it does nothing the second time.",
    )

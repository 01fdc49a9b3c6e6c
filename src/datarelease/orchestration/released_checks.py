"""Results of checks for data that was released outside of Dagster, from the report of its version.

A run records them, and not the sensor that asks for it, for two reasons. The report comes from a
remote, which may take longer than a tick may. And Dagster 1.13 shows an evaluation that belongs to
no run for every later materialization that belongs to no run, whatever that evaluation was about
(``AssetCheckExecutionRecord.targets_latest_materialization`` compares the empty ids of their runs
first): data that nobody has checked would be shown with the result of older data.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from datarelease.adapters.git.repository import Git
from datarelease.documents import DocumentError, decode
from datarelease.flows.repository import Repository, catalogue_of
from datarelease.flows.versions.documents import find_document, find_manifest
from datarelease.model.paths import overlap
from datarelease.model.review.report import Report
from datarelease.model.versions.outcome import REPORT
from datarelease.model.versions.version import Version
from datarelease.orchestration.asset_checks import Checks
from datarelease.orchestration.dagster_private import DATA_VERSION_TAG, TargetMaterialization
from datarelease.orchestration.metadata import report_metadata
from datarelease.orchestration.pipeline import OUTCOME_TAG, RECORD_OP, RELEASED_CHECKS
from datarelease.orchestration.releases import tracked_at
from datarelease.orchestration.resources import (
    WORLD_RETRIES,
    Logged,
    RepositoryResource,
    dagster_errors,
)
from datarelease.progress import Progress
from datarelease.render.verdict import VerdictView

RECORDED, UNREADABLE = "recorded", "unreadable"
"""Outcomes of a run; another run about the same events would end alike."""


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
        part = report.dataset(self.checks.dataset.name)
        if part is None:
            return
        # "warn": a version with violations exists only where the policy did not block them.
        for result in (
            self.checks.schema(part, "warn"),
            self.checks.policy(VerdictView(report), report_metadata(report)),
        ):
            if result.check_name in self.names:
                yield dg.AssetCheckEvaluation(
                    asset_key=self.checks.key,
                    check_name=result.check_name,
                    passed=result.passed,
                    severity=result.severity,
                    description=f"from the report of {version.tag}",
                    metadata={**result.metadata, "version": dg.MetadataValue.text(version.tag)},
                    target_materialization_data=self._target,
                )

    @property
    def _target(self) -> TargetMaterialization | None:
        """The materialization; None: a source has none, and Dagster looks for none."""
        if self.event.asset_materialization is None:
            return None
        return TargetMaterialization(
            storage_id=self.event.storage_id,
            run_id=self.event.run_id,
            timestamp=self.event.timestamp,
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

        Raises:
            SettingsError: The files of DVC at the version's commit cannot be read.
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

    @dg.job(
        name=RELEASED_CHECKS,
        description="Takes the results of the checks of released data from the report of the "
        "newest version. Run twice, it does nothing the second time.",
    )
    def run() -> None:
        record()

    return run


def released_report(repository: Repository, version: Version, progress: Progress) -> Report | None:
    """The report of a version as it was released; None: it cannot be read, which is said.

    Raises:
        WorldError: It was not found, and a remote could not be asked; or its manifest is refused.
    """
    manifest = find_manifest(repository, version)
    data = find_document(repository, manifest, REPORT) if manifest is not None else None
    if data is None:
        why = f"no remote has {'the manifest' if manifest is None else REPORT} of {version.tag}"
    else:
        try:
            return decode(Report, data)
        except DocumentError as error:
            why = f"{REPORT} of {version.tag} cannot be read: {error}"
    progress.warn(
        f"The checks of {version.tag} stay without a result: {why}. Nothing was changed. "
        "`datarelease verify --repair` writes again what a remote lost; the job `check` evaluates "
        "the checks from the data itself."
    )
    return None

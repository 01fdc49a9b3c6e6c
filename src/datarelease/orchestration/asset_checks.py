"""``datarelease check`` as asset checks: what the schema and the policy say of each dataset."""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from datarelease.app.reports import write_report
from datarelease.flows.check.check import check
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.policy import Level
from datarelease.model.review.report import DatasetReport
from datarelease.orchestration.assets import WORK_TREE
from datarelease.orchestration.metadata import (
    Metadata,
    findings_markdown,
    report_metadata,
    validation_metadata,
)
from datarelease.orchestration.pipeline import CHECK_OP, identifier
from datarelease.orchestration.resources import Logged, RepositoryResource, dagster_errors
from datarelease.render.verdict import VerdictView

_SCHEMA = "schema"
POLICY = "policy"
_LAST = {"dagster/priority": "-1"}
"""After the stages that are ready too: what they find out need not be found out again."""


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

    def schema(self, part: DatasetReport, level: Level) -> dg.AssetCheckResult:
        """The outcome of the schema."""
        validation = part.validation
        failed = validation is not None and bool(validation.violations)
        blocks = validation is not None and not validation.passed and level == "block"
        return dg.AssetCheckResult(
            check_name=_SCHEMA + self.suffix,
            asset_key=self.key,
            passed=not failed,
            severity=_severity(blocks=blocks),
            metadata=validation_metadata(part, validation) if validation else {},
        )

    def policy(self, verdict: VerdictView, shared: Metadata) -> dg.AssetCheckResult:
        """What the policy found; what is about all datasets counts for each.

        ``shared`` is the metadata of the whole report, which is the same for every dataset.
        """
        found = verdict.by_dataset
        findings = (*found.get("", ()), *found.get(self.dataset.name, ()))
        return dg.AssetCheckResult(
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
            part = report.dataset(checks.dataset.name)
            if part is None:
                continue
            for result in (
                checks.schema(part, ws.settings.policy.violations), checks.policy(verdict, shared)
            ):  # fmt: skip
                if (result.asset_key, result.check_name) in wanted:
                    yield result

    return run

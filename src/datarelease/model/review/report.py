"""The report: all a reviewer needs, as one value. Markdown, HTML and terminal only read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Scalar
from datarelease.model.data.stream import StreamReport
from datarelease.model.data.validation import Validation
from datarelease.model.review.diff import Compatibility, DatasetDiff
from datarelease.model.review.pipeline import ParamChange, PipelineDiff
from datarelease.model.review.policy import Limit, Verdict, VerdictLevel
from datarelease.model.review.row_files import RowsFile
from datarelease.model.wording import plural, short_repr

REPORT_FORMAT = 5
"""2: findings have `what` and `waiver`. A report of format 1 reads as one without waivers.
3: `psi_limit`; earlier ones read as if it were unknown.
4: `of_files` and `renamed` files; earlier ones read as reports on tables alone. `pipeline`, and
the `file` of a parameter; earlier ones read as if no metric had changed.
5: `row_files`; earlier ones read as if no rows were beside the report. `renamed_from`, `is_part`
and `retired` of a dataset; earlier ones read as if none was."""

MergeEffect = Literal["first", "release", "rollback", "unchanged", "same_bytes", "compared"]
"""What merging will do:

first       publish the first version
release     publish the next version
rollback    publish the next version, with the data of an older one
unchanged   nothing: same data and same params as the baseline
same_bytes  nothing: params changed, the data did not
compared    (no merge: two released versions were compared, `tag` with `base`)
"""


@dataclass(frozen=True, kw_only=True)
class DatasetReport:
    """One dataset in the report."""

    name: str
    path: str
    desc: str
    validation: Validation | None
    """None: the dataset was removed."""
    diff: DatasetDiff
    """Against the baseline; on a first release every dataset has status ``added``."""
    size: int | None = None
    row_files: tuple[RowsFile, ...] = ()
    """Files with all rows behind the findings, which a check leaves beside the report."""

    def __repr__(self) -> str:
        return short_repr(self, self.name, self.diff.status, self.diff.amount)


def report_on(
    dataset: Dataset,
    diff: DatasetDiff,
    *,
    validation: Validation | None = None,
    size: int | None = None,
    row_files: tuple[RowsFile, ...] = (),
) -> DatasetReport:
    """The comparison of a dataset as its part of a report."""
    return DatasetReport(
        name=dataset.name,
        path=dataset.path,
        desc=dataset.desc,
        validation=validation,
        diff=diff,
        size=size if diff.files_after is None else diff.files_after.bytes,
        row_files=row_files,
    )


@dataclass(frozen=True, kw_only=True)
class VersionRows:
    """Rows (or files) of each dataset in one version, for the history plot."""

    tag: str
    date: str
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """A change of the data, judged."""

    outcome: MergeEffect
    tag: str | None
    """The tag that merging publishes; None where nothing is released."""
    base: str | None
    """The tag compared with; None: there is no version yet."""
    rollback_of: str | None
    digest: str
    base_digest: str | None
    commit: str | None
    """The commit that was checked; None: the work tree has uncommitted changes."""
    compatibility: Compatibility
    verdict: Verdict
    params: tuple[ParamChange, ...]
    datasets: tuple[DatasetReport, ...]
    pipeline: PipelineDiff = PipelineDiff()  # noqa: RUF009 - frozen
    streams: tuple[StreamReport, ...] = ()
    history: tuple[VersionRows, ...] = ()
    notes: tuple[str, ...] = ()
    """What the reader should know about the check itself, such as a base that could not be read."""
    tool: str = ""
    """The program that made the report, such as ``datarelease 0.1.0``."""
    psi_limit: Limit | None = None
    """The rule for drift that was applied, for plots; None: unknown, or nothing was judged."""
    format: int = REPORT_FORMAT
    to_notebook: ClassVar[Callable[[Report], str] | None] = None
    """Makes HTML of a report; put here by what can render (``app.notebook``)."""

    def __repr__(self) -> str:
        base = f"compared with {self.base}" if self.base else ""
        datasets = plural(len(self.datasets), "dataset")
        return short_repr(self, self.tag, self.outcome, self.level, base, datasets)

    def _repr_html_(self) -> str | None:
        """The report as a notebook shows it; None: as text."""
        to_notebook = type(self).to_notebook
        return None if to_notebook is None else to_notebook(self)

    @property
    def level(self) -> VerdictLevel:
        """The verdict: ``pass``, ``warn`` or ``block``."""
        return self.verdict.level

    def dataset(self, name: str) -> DatasetReport | None:
        """The part about one dataset, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


MASK: Scalar = "•••"
"""Stands for a value of a pii column."""
EXAMPLES = 10
"""At most so many example rows are kept of anything."""
MARKDOWN_LIMIT = 60_000
"""Characters; GitHub refuses comments over 65,536."""
REPORT_HTML = "reports/report.html"
REPORTS = tuple(f"reports/report.{form}" for form in ("json", "md", "html"))
"""What a check writes into the work tree; some people commit it, and it is no input."""

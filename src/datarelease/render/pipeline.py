"""Changed metrics, plots and parameters of the pipeline as every writer shows them."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.data.profile import Scalar
from datarelease.model.review.pipeline import DEFAULT_PARAMS, MOST_PLOTS, MetricChange, ParamChange
from datarelease.model.review.report import Report
from datarelease.render import numbers as number
from datarelease.render.curves import PlotCard, plot_cards


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """A metric or a parameter; None: it was not there on that side."""

    name: str
    before: str | None
    after: str | None
    difference: str = ""
    """With its sign, of numbers."""
    file: str = ""
    """Where the name needs one."""

    @property
    def label(self) -> str:
        """The name with its file, in DVC's form."""
        return ":".join(filter(None, (self.file, self.name)))


@dataclass(frozen=True, kw_only=True)
class PipelineView:
    """What changed beside the datasets."""

    metrics: tuple[ResultRow, ...]
    more_metrics: int
    """Changed metrics that the report does not have."""
    params: tuple[ResultRow, ...]
    more_params: int
    plots: tuple[PlotCard, ...]
    more_plots: int
    not_shown: tuple[tuple[str, str], ...]
    """(file, why)"""


def pipeline_view(report: Report) -> PipelineView:
    """The changes in the order of the report: by file, then as the file has them.

    A metric is named with its file where there are several, a parameter where it does not stand in
    ``params.yaml``, in DVC's form ``FILE:NAME``.
    """
    pipeline = report.pipeline
    files = {metric.file for metric in pipeline.metrics}
    return PipelineView(
        metrics=tuple(_metric(metric, alone=len(files) == 1) for metric in pipeline.metrics),
        more_metrics=max(pipeline.more_metrics, 0),
        params=tuple(map(_param, report.params)),
        more_params=max(pipeline.more_params, 0),
        plots=plot_cards(pipeline.plots),
        more_plots=max(pipeline.more_plots, 0) + max(len(pipeline.plots) - MOST_PLOTS, 0),
        not_shown=tuple((item.file, item.why) for item in pipeline.not_shown),
    )


def _metric(metric: MetricChange, *, alone: bool) -> ResultRow:
    difference = metric.difference
    return ResultRow(
        name=metric.name,
        before=_shown(metric.before),
        after=_shown(metric.after),
        difference=number.signed_decimal(difference) if difference is not None else "",
        file="" if alone and metric.name else metric.file,
    )


def _param(param: ParamChange) -> ResultRow:
    file = "" if param.file == DEFAULT_PARAMS else param.file
    return ResultRow(name=param.name, before=param.before, after=param.after, file=file)


def _shown(value: Scalar) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return number.decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number.count(value)
    return number.scalar_text(value)

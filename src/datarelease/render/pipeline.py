"""Changed metrics and parameters of the pipeline as every writer shows them."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.data.profile import Scalar
from datarelease.model.review.pipeline import DEFAULT_PARAMS, MetricChange, ParamChange
from datarelease.model.review.report import Report
from datarelease.render import numbers as number


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """A metric or a parameter; None: it was not there on that side."""

    name: str
    before: str | None
    after: str | None
    difference: str = ""
    """With its sign, of numbers."""


@dataclass(frozen=True, kw_only=True)
class PipelineView:
    """What changed beside the datasets."""

    metrics: tuple[ResultRow, ...]
    more_metrics: int
    """Changed metrics that the report does not have."""
    params: tuple[ResultRow, ...]
    more_params: int
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
        not_shown=tuple((item.file, item.why) for item in pipeline.not_shown),
    )


def _metric(metric: MetricChange, *, alone: bool) -> ResultRow:
    difference = metric.difference
    return ResultRow(
        name=metric.name if alone and metric.name else _with_file(metric.file, metric.name),
        before=_shown(metric.before),
        after=_shown(metric.after),
        difference=number.signed_decimal(difference) if difference is not None else "",
    )


def _param(param: ParamChange) -> ResultRow:
    plain = param.file == DEFAULT_PARAMS
    name = param.name if plain else _with_file(param.file, param.name)
    return ResultRow(name=name, before=param.before, after=param.after)


def _with_file(file: str, name: str) -> str:
    return f"{file}:{name}" if name else file


def _shown(value: Scalar) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return number.decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number.count(value)
    return number.scalar_text(value)

"""What changed in the results and parameters of the pipeline, beside its datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.data.profile import Scalar

DEFAULT_PARAMS = "params.yaml"
"""The file that DVC reads parameters from where none is named."""
MOST_CHANGES = 1000
"""Changed metrics, or parameters, that a report keeps; the others are counted."""
LONGEST_VALUE = 500
"""Characters of a value, or of a name, that a report keeps."""


@dataclass(frozen=True, kw_only=True)
class ParamChange:
    """One parameter that differs from the baseline."""

    name: str
    before: str | None
    """As YAML on one line; None: there was no such parameter."""
    after: str | None
    file: str = DEFAULT_PARAMS
    """That it stands in, relative to the DVC project."""


@dataclass(frozen=True, kw_only=True)
class MetricChange:
    """One metric that differs from the baseline."""

    file: str
    """That it stands in, relative to the DVC project."""
    name: str
    """The keys on the way to it, with dots between them; empty: the file is one value."""
    before: Scalar
    """None: there was no such metric. A number that JSON does not have (NaN) is a text."""
    after: Scalar

    @property
    def difference(self) -> int | float | None:
        """After minus before; None where they are not both numbers."""
        numbers = [
            side
            for side in (self.before, self.after)
            if isinstance(side, int | float) and not isinstance(side, bool)
        ]
        try:
            return numbers[1] - numbers[0] if len(numbers) > 1 else None
        except OverflowError:  # a whole number beyond the range of floats, and a float
            return None


PlotKind = Literal["line", "scatter", "bar"]
MOST_PLOTS = 24
"""Changed plots that a report keeps."""
MOST_POINTS = 120
"""Points, or bars, of one side of a plot that a report keeps."""


@dataclass(frozen=True, kw_only=True)
class PlotPoints:
    """One side of a plot: as many ``y`` as ``x``, or as ``labels`` where it has bars."""

    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlotChange:
    """One curve, cloud of points or row of bars of a plot that differs from the baseline."""

    name: str
    """Its title, else its name in ``dvc.yaml``."""
    file: str
    kind: PlotKind
    x: str
    """What is on the axis, as the pipeline calls it."""
    y: str
    before: PlotPoints | None
    """None: there was no such plot."""
    after: PlotPoints | None


@dataclass(frozen=True, kw_only=True)
class NotShown:
    """A file of results or parameters that differs, and why its values are not in the report."""

    file: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PipelineDiff:
    """What changed in the metrics and plots that the pipelines declare; falsy: nothing did.

    Validations and statistics of datasets are metrics, too; they are in the datasets' own parts.
    """

    metrics: tuple[MetricChange, ...] = ()
    more_metrics: int = 0
    """Changed metrics that are not kept."""
    more_params: int = 0
    """Changed parameters that are not kept in ``Report.params``."""
    plots: tuple[PlotChange, ...] = ()
    more_plots: int = 0
    """Changed plots that are not kept."""
    not_shown: tuple[NotShown, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.metrics or self.more_params or self.plots or self.not_shown)

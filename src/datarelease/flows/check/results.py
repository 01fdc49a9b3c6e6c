"""Metrics, plots and parameters of the pipeline at two revisions, compared as DVC compares them.

They are read from git and the work tree without DVC. Of a metric that DVC keeps in its cache, the
object is read where the cache of this machine has it; nothing is fetched.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from datarelease.adapters.dvc.declared import DeclaredPlot, DeclaredResults, declared_results
from datarelease.adapters.dvc.tracked import Output, TrackedState
from datarelease.adapters.result_files import (
    LARGEST,
    UnreadableResult,
    metrics_in,
    params_in,
    parse_result,
    parse_rows,
    short_text,
)
from datarelease.adapters.untrusted import read_inside
from datarelease.analysis.comparison.curves import PLOT_KINDS, plot_points
from datarelease.flows.cache import Objects
from datarelease.model.data.profile import Scalar
from datarelease.model.paths import path_fault
from datarelease.model.review.pipeline import (
    MOST_CHANGES,
    MOST_PLOTS,
    MetricChange,
    NotShown,
    ParamChange,
    PipelineDiff,
    PlotChange,
)

_OWN = re.compile(r"reports/[^/]+/(validation|profile)\.json")
"""Records of datasets, which have parts of their own in the report."""
_MOST_NOT_SHOWN = 50
_MOST_FILES = 1000
"""Of one directory of metrics."""
_PYTHON = ".py"


@dataclass(frozen=True, kw_only=True)
class ResultsAt:
    """The files of results and parameters at a revision, or in the work tree."""

    state: TrackedState
    read: Callable[[str], bytes | None]
    """The bytes of a file that git holds or the work tree has; None: there is none.

    Raises UnreadableResult where it may not be read.
    """
    link: Callable[[str], bytes | None]
    """What git has of a path that is a link: where it leads."""
    objects: Objects

    @cached_property
    def declared(self) -> DeclaredResults:
        """What the pipelines declare."""
        return declared_results(self.state)

    @cached_property
    def outputs(self) -> Mapping[str, Output]:
        """What DVC tracks, by path."""
        return {out.path: out for out in self.state.outputs}

    def metrics(self) -> Iterator[str]:
        """The files of metrics, those of directories one by one."""
        for path in self.declared.metrics:
            below = [name for name in self.state.files if name.startswith(f"{path}/")]
            yield from below[:_MOST_FILES] or [path]

    def plots(self) -> Iterator[DeclaredPlot]:
        """The plots, those of directories file by file."""
        for plot in self.declared.plots:
            below = [name for name in self.state.files if name.startswith(f"{plot.file}/")]
            for name in below[:_MOST_FILES]:
                yield dataclasses.replace(plot, file=name, name=name)
            if not below:
                yield plot

    def content(self, path: str) -> bytes | None:
        """The bytes of a file; None: there is none.

        Raises:
            UnreadableResult: It is not available, too large, or may not be read.
        """
        if "${" in path:
            raise UnreadableResult("its path has a template, which only DVC expands")
        fault = path_fault(path)
        if fault:
            raise UnreadableResult(f"its path is not inside the DVC project: {fault}")
        out = self.outputs.get(path)
        if out is not None and (out.size or 0) > LARGEST:
            raise UnreadableResult(f"it is larger than {LARGEST:,} bytes")
        try:
            data = self.read(path)
        except UnreadableResult:  # DVC may put a link into its cache there
            data = self._cached(out)
            if data is None:
                raise
        if data is None:
            data = self._cached(out)
        if data is None and out is not None and out.md5 is not None:
            raise UnreadableResult("DVC keeps it in its cache, and it is not on this machine")
        return data

    def identity(self, path: str) -> str | bytes | None:
        """What tells whether a file that cannot be read is another one; None: unknown."""
        if "${" in path:
            return None
        if path_fault(path):
            named = {*self.declared.metrics, *self.declared.params}
            named |= {plot.file for plot in self.declared.plots}
            return "declared" if path in named else None
        out = self.outputs.get(path)
        return out.md5 if out is not None and out.md5 is not None else self.link(path)

    def _cached(self, out: Output | None) -> bytes | None:
        if out is None or out.md5 is None or out.legacy or not self.objects.has(out.md5):
            return None
        with self.objects.path(out.md5).open("rb") as stream:
            data = stream.read(LARGEST + 1)
        same = hashlib.md5(data, usedforsecurity=False).hexdigest() == out.md5
        return data if same else None


def results_in_git(state: TrackedState, objects: Objects) -> ResultsAt:
    """The results at a commit."""
    return ResultsAt(state=state, read=state.read, link=state.read, objects=objects)


def results_in_work_tree(state: TrackedState, objects: Objects, root: Path) -> ResultsAt:
    """The results in the work tree at ``root``; a link in it is not followed."""

    def refuse(why: str) -> NoReturn:
        raise UnreadableResult(why)

    return ResultsAt(
        state=state,
        read=lambda path: read_inside(root, path, limit=LARGEST, refuse=refuse),
        link=lambda path: (
            os.fsencode((root / path).readlink()) if (root / path).is_symlink() else None
        ),
        objects=objects,
    )


_Rows = Iterator[tuple[str, str, Any, Any]]
"""(file, name, before, after)"""


def compare_results(
    before: ResultsAt, after: ResultsAt
) -> tuple[tuple[ParamChange, ...], PipelineDiff]:
    """The parameters and metrics that differ."""
    failed: dict[str, str] = {}
    metrics = [
        MetricChange(file=file, name=short_text(name), before=_cut(old), after=_cut(new))
        for file, name, old, new in _metrics(before, after, failed)
    ]
    params = [
        ParamChange(
            file=file,
            name=short_text(name),
            before=None if old is None else short_text(old),
            after=None if new is None else short_text(new),
        )
        for file, name, old, new in _params(before, after, failed)
    ]
    plots = list(_plots(before, after, failed))
    return tuple(params[:MOST_CHANGES]), PipelineDiff(
        metrics=tuple(metrics[:MOST_CHANGES]),
        more_metrics=max(len(metrics) - MOST_CHANGES, 0),
        more_params=max(len(params) - MOST_CHANGES, 0),
        plots=tuple(plots[:MOST_PLOTS]),
        more_plots=max(len(plots) - MOST_PLOTS, 0),
        not_shown=tuple(
            NotShown(file=short_text(file), why=why)
            for file, why in list(failed.items())[:_MOST_NOT_SHOWN]
        ),
    )


def _metrics(before: ResultsAt, after: ResultsAt, failed: dict[str, str]) -> _Rows:
    sides = [(at, frozenset(at.metrics())) for at in (before, after)]
    for file in sorted(sides[0][1] | sides[1][1]):
        if _OWN.fullmatch(file):
            continue
        with _noted(file, before, after, failed):
            old, new = (at.content(file) if file in named else None for at, named in sides)
            if old != new:
                yield from _changes(file, _metrics_of(file, old), _metrics_of(file, new))


def _params(before: ResultsAt, after: ResultsAt, failed: dict[str, str]) -> _Rows:
    for file in dict.fromkeys([*before.declared.params, *after.declared.params]):
        with _noted(file, before, after, failed):
            if file.endswith(_PYTHON):
                yield from _changes(file, *(_recorded(file, at) for at in (before, after)))
                continue
            sides = [
                (at.content(file), keys) if keys is not None else (None, ())
                for at in (before, after)
                for keys in (at.declared.params.get(file),)
            ]
            if sides[0] != sides[1]:
                yield from _changes(file, *(_params_of(file, *side) for side in sides))


def _plots(before: ResultsAt, after: ResultsAt, failed: dict[str, str]) -> Iterator[PlotChange]:
    sides = [{(p.file, p.y): p for p in at.plots()} for at in (before, after)]
    for file, y in dict.fromkeys([*sides[1], *sides[0]]):
        plots = [side.get((file, y)) for side in sides]
        with _noted(file, before, after, failed):
            old, new = (
                at.content(file) if plot else None
                for at, plot in zip((before, after), plots, strict=True)
            )
            drawn = plots[1] or plots[0]
            if old != new and drawn is not None:
                rows = [None if data is None else parse_rows(file, data) for data in (old, new)]
                yield _plot(drawn, *rows)


def _plot(plot: DeclaredPlot, *sides: Sequence[Mapping[str, Any]] | None) -> PlotChange:
    kind = PLOT_KINDS.get(plot.template)
    if kind is None:
        raise UnreadableResult(f"the report cannot draw its template {plot.template[:40]!r}")
    columns = [name for rows in reversed(sides) if rows for name in rows[0]]
    y = plot.y or (columns[-1] if columns else "")
    found = [None if rows is None else plot_points(rows, plot.x, y, kind) for rows in sides]
    if not any(side is not None and side.y for side in found):
        raise UnreadableResult(f"it has no numbers in the column {y[:40]!r}")
    before, after = found
    return PlotChange(
        name=short_text(plot.name),
        file=short_text(plot.file),
        kind=kind,
        x=short_text(plot.x_label or plot.x or "row"),
        y=short_text(plot.y_label or y),
        before=before,
        after=after,
    )


@contextmanager
def _noted(
    file: str, before: ResultsAt, after: ResultsAt, failed: dict[str, str]
) -> Iterator[None]:
    """Why a file cannot be read goes to ``failed``, unless it is the same one on both sides."""
    try:
        yield
    except UnreadableResult as error:
        old, new = before.identity(file), after.identity(file)
        if old is None or old != new:
            failed[file] = str(error)


def _changes(file: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Rows:
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield file, name, old.get(name), new.get(name)


def _metrics_of(file: str, data: bytes | None) -> dict[str, Scalar]:
    return {} if data is None else metrics_in(parse_result(file, data))


def _params_of(file: str, data: bytes | None, keys: tuple[str, ...]) -> dict[str, str]:
    return {} if data is None else params_in(parse_result(file, data), keys)


def _recorded(file: str, at: ResultsAt) -> dict[str, str]:
    """The parameters of a Python file, which is not parsed: the lock has those of stages."""
    if file not in at.declared.params:
        return {}
    known = at.declared.recorded.get(file)
    if known is None:
        raise UnreadableResult("Python files are not read, and no dvc.lock has its values")
    return params_in(known)


def _cut(value: Scalar) -> Scalar:
    return short_text(value) if isinstance(value, str) else value

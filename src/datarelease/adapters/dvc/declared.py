"""The metrics, plots and parameters that the pipelines of a revision declare, read without DVC.

They stand in every ``dvc.yaml``: at its top, and at its stages. What a stage of a group
(``foreach``, ``matrix``) declares with templates is found in the lock, where DVC wrote it expanded.
Sources: "dvc.yaml" and "params" of DVC's documentation; ``dvc.repo.params.show``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from datarelease.adapters.dvc.tracked import LOCK, TrackedState
from datarelease.model.review.pipeline import DEFAULT_PARAMS

_TEMPLATE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, kw_only=True)
class DeclaredPlot:
    """One curve of a plot: a column of a file over another one."""

    name: str
    file: str
    """Or a directory of files."""
    x: str | None
    """None: the number of the row."""
    y: str | None
    """None: the last column."""
    template: str
    x_label: str
    y_label: str


@dataclass(frozen=True, kw_only=True)
class DeclaredResults:
    """Paths are relative to the DVC project, with forward slashes."""

    metrics: tuple[str, ...]
    """Files, or directories of such."""
    params: Mapping[str, tuple[str, ...]]
    """The keys that stages depend on, by file; none: the whole file counts."""
    recorded: Mapping[str, Mapping[str, Any]]
    """The values that the locks have of them, by file and key: those of the last run."""
    plots: tuple[DeclaredPlot, ...] = ()


@dataclass
class _Found:
    metrics: dict[str, None] = field(default_factory=dict)
    plots: list[DeclaredPlot] = field(default_factory=list)
    params: dict[str, list[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    recorded: dict[str, dict[str, Any]] = field(default_factory=dict)


def declared_results(state: TrackedState) -> DeclaredResults:
    """What the pipelines of ``state`` declare.

    Raises:
        SettingsError: A ``dvc.yaml`` or ``dvc.lock`` is not a YAML mapping.
        ConfigError: The working directory of a stage is a template.
    """
    found = _Found()
    for path in state.pipelines:
        folder, pipeline = posixpath.dirname(path), state.mapping(path)
        found.metrics |= dict.fromkeys(
            _joined(folder, str(name)) for name, _ in _named(pipeline.get("metrics"))
        )
        for name, said in _named(pipeline.get("plots")):
            found.plots += _plots(folder, str(name), said)
        whole = [_joined(folder, str(name)) for name, _ in _named(pipeline.get("params"))]
        found.whole.update(whole)
        found.params |= {name: found.params.get(name, []) for name in whole}
        _add_stages(state, folder, _mapping(pipeline.get("stages")), found)
    if state.read(DEFAULT_PARAMS) is not None:
        found.whole.add(DEFAULT_PARAMS)
    names = dict.fromkeys([*sorted(found.whole & {DEFAULT_PARAMS}), *found.params])
    return DeclaredResults(
        metrics=tuple(found.metrics),
        params={
            name: () if name in found.whole else tuple(dict.fromkeys(found.params[name]))
            for name in names
        },
        recorded=found.recorded,
        plots=tuple(
            plot
            for plot in dict.fromkeys(found.plots)
            # A stage may name a file that the top of the file says how to draw.
            if plot.y or not any(other.file == plot.file and other.y for other in found.plots)
        ),
    )


def _plots(folder: str, name: str, said: object) -> Iterator[DeclaredPlot]:
    for item in said if isinstance(said, list) else [said]:
        properties = _mapping(item)
        x, y = properties.get("x"), properties.get("y")
        by_file = y if isinstance(y, dict) else {name: y}
        for file, fields in by_file.items():
            across = x.get(file) if isinstance(x, dict) else x
            for column in fields if isinstance(fields, list) else [fields]:
                yield DeclaredPlot(
                    name=str(properties.get("title") or name),
                    file=_joined(folder, str(file)),
                    x=across if isinstance(across, str) else None,
                    y=None if column is None else str(column),
                    template=str(properties.get("template") or "linear"),
                    x_label=str(properties.get("x_label") or ""),
                    y_label=str(properties.get("y_label") or ""),
                )


def _add_stages(state: TrackedState, folder: str, stages: Mapping[str, Any], found: _Found) -> None:
    lock = posixpath.join(folder, LOCK)
    outs = {stage.name: stage.outs for stage in state.stages(lock)}
    locked = _mapping(state.mapping(lock).get("stages"))
    for name, declared in stages.items():
        body = _mapping(_mapping(declared).get("do")) or _mapping(declared)
        base = posixpath.join(folder, str(body.get("wdir") or _mapping(declared).get("wdir") or ""))
        own = [one for one in locked if str(one).partition("@")[0] == str(name)]
        there = [out.path for one in own for out in outs.get(str(one), ())]
        for path, _ in _named(body.get("metrics")):
            found.metrics |= dict.fromkeys(_expanded(_joined(base, str(path)), there))
        for path, said in _named(body.get("plots")):
            for place in _expanded(_joined(base, str(path)), there):
                found.plots += _plots("", place, said)
        for one in own:
            for file, values in _mapping(_mapping(locked[one]).get("params")).items():
                found.recorded.setdefault(_joined(base, str(file)), {}).update(_mapping(values))
        _add_params(base, body.get("params"), [_mapping(locked[one]) for one in own], found)


def _expanded(place: str, there: list[str]) -> list[str]:
    """The path, or those outputs of the lock that a path with templates stands for."""
    if "${" not in place:
        return [place]
    pattern = re.compile(".+".join(map(re.escape, _TEMPLATE.split(place))))
    return [path for path in there if pattern.fullmatch(path)]


def _add_params(base: str, declared: object, locked: list[dict[str, Any]], found: _Found) -> None:
    for item in declared if isinstance(declared, list) else ():
        by_file = item if isinstance(item, dict) else {DEFAULT_PARAMS: [item]}
        for file, keys in by_file.items():
            named = [str(key) for key in keys] if isinstance(keys, list) else []
            if "${" in f"{file}{named}":
                for stage in locked:
                    for other, values in _mapping(stage.get("params")).items():
                        place = _joined(base, str(other))
                        found.params.setdefault(place, []).extend(map(str, _mapping(values)))
                continue
            place = _joined(base, str(file))
            found.params.setdefault(place, []).extend(named)
            if not named:
                found.whole.add(place)


def _named(listed: object) -> Iterator[tuple[Any, Any]]:
    """The items of a list of paths, or of paths with what is said of each."""
    for item in listed if isinstance(listed, list) else [listed]:
        if isinstance(item, dict):
            yield from item.items()
        elif item is not None:
            yield item, None


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

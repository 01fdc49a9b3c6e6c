"""What the scripts of the pages read: figures and names as data, in files that a page may load.

A page that is opened from a disk may load scripts but fetch nothing, so each file is a script that
hands over one value of JSON. Pages put its texts in as text; nothing of it is ever markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from datarelease.model.site_names import column_page, dataset_page, version_data
from datarelease.render.columns import shares
from datarelease.site.content.figures import ColumnFigures, DatasetFigures
from datarelease.site.content.timeline import Timeline
from datarelease.site.views import VersionView, amount_words

_DIGITS = 6


def script(name: str, value: Any) -> bytes:
    r"""A file that hands over ``value`` under ``name``.

    >>> script("x", {"a": "</script>"})
    b'catalogue("x",{"a":"\\u003c/script>"});\n'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"catalogue({json.dumps(name)},{text});\n".encode()


def version_list(timeline: Timeline, views: list[VersionView]) -> bytes:
    """The versions to choose from, newest first."""
    rows = [
        {
            "tag": view.version.tag,
            "date": view.day,
            "change": view.change[1],
            "state": view.state,
            "page": view.page,
            "data": version_data(view.version.tag),
        }
        for view in reversed(views)
    ]
    datasets = {history.name: dataset_page(history.name) for history in timeline.datasets}
    return script("versions", {"versions": rows, "datasets": [*datasets.items()]})


def figures_script(view: VersionView) -> bytes:
    """The figures of one version, for comparisons."""
    figures = view.figures
    value = {
        "tag": view.version.tag,
        "datasets": [
            _dataset(dataset, view.timeline.name_now(dataset.name, view.version))
            for dataset in figures.datasets
        ],
        "params": [[name, text[:200]] for name, text in figures.params],
    }
    return script(view.version.tag, value)


def _dataset(dataset: DatasetFigures, now: str) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "now": now,
        "noun": "file" if dataset.of_files else "row",
        "amount": dataset.amount,
        "size": dataset.size,
        "key": dataset.key,
        "columns": [_column(dataset.name, column) for column in dataset.columns],
        "kinds": [[kind.type, kind.files, kind.bytes] for kind in dataset.kinds[:40]],
    }


def _column(dataset: str, column: ColumnFigures) -> list[Any]:
    return [
        column.name,
        column.type or column.kind,
        column.kind,
        int(column.pii),
        column.nulls,
        column.distinct,
        *(_short(v) for v in (column.mean, column.std, column.median, column.length_mean)),
        _short_edges(column.edges),
        [label[:60] for label in column.labels],
        [round(share, 5) for share in shares(column.counts)],
        column_page(dataset, column.name),
        [_short(value) for value in column.quantiles],
    ]


@lru_cache(4096)
def _short_edges(edges: tuple[float, ...]) -> list[float | None]:
    """Most versions of a column have the same bins."""
    return [_short(edge) for edge in edges]


def _short(value: float | None) -> float | None:
    """Enough digits to compare by; whole numbers as such."""
    if value is None:
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short  # noqa: PLR2004


def search_index(timeline: Timeline, views: list[VersionView]) -> bytes:
    """What can be found: (kind, name, page, what is said of it, further words)."""
    return script("search", [*_found(timeline, views)])


def _found(timeline: Timeline, views: list[VersionView]) -> Iterator[list[str]]:
    for history in timeline.datasets:
        said = history.latest.desc or amount_words(history.latest)
        yield ["dataset", history.name, dataset_page(history.name), said[:160], ""]
    for history in timeline.datasets:
        for column in history.columns:
            point = column.latest
            gone = "" if column.present else ", not in the newest version"
            said = f"{point.type or point.kind} in {history.name}{gone}"
            page = column_page(history.name, column.name)
            yield ["column", column.name, page, said, history.name]
    for view in reversed(views):
        why = view.version.erased or view.version.yank
        state = f"{view.state}: {why.reason}" if why else ""
        said = ", ".join(filter(None, (view.day, view.change[1], state)))
        more = f"{view.figures.subject} {view.figures.author}"
        yield ["version", view.version.tag, view.page, said[:160], more[:160]]

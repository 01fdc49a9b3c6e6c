"""The pages in HTML: what each of them is given, and the template that writes it down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import Environment

from datarelease.model.site_names import column_page, dataset_page, version_page
from datarelease.model.versions.channel import version_of
from datarelease.render import escape
from datarelease.render.columns import shares
from datarelease.render.html.environment import PLOT_SIZE, html_environment, style_sheet
from datarelease.render.html.page import row_parts
from datarelease.render.numbers import share
from datarelease.render.plots import categories
from datarelease.site import views
from datarelease.site.columns import (
    ColumnLine,
    column_rows,
    distribution_plot,
    drifted,
    figure_words,
    histogram_of,
)
from datarelease.site.content.figures import DatasetFigures
from datarelease.site.content.timeline import ColumnHistory, DatasetHistory, Timeline, neighbours
from datarelease.site.machine import documents_of_page
from datarelease.site.plots import series
from datarelease.site.plots.histories import (
    column_charts,
    dataset_charts,
    drift_map,
    schema_history,
)
from datarelease.site.plots.releases import release_chart
from datarelease.site.snippets import Snippet, snippets
from datarelease.site.views import VersionView

_DRIFTED = 6
"""Columns whose plots stand among what changed."""


@dataclass(frozen=True)
class Pages:
    """All pages of a site."""

    timeline: Timeline

    @cached_property
    def views(self) -> list[VersionView]:
        """The versions, oldest first."""
        return [VersionView(released, self.timeline) for released in self.timeline.versions]

    @cached_property
    def _environment(self) -> Environment:
        environment = html_environment("datarelease.site")
        environment.filters |= {
            "row_bar": row_parts,
            "column_rows": column_rows,
            "held": views.amount_words,
            "share": share,
            "short": lambda tag: escape.clean(tag, 11),
            "breaking_first": views.breaking_first,
            "breaks": views.breaks,
            "version_page": version_page,
            "dataset_page": dataset_page,
        }
        environment.globals["column_page"] = column_page
        return environment

    def style(self) -> bytes:
        """The style sheet: that of the report, then what the catalogue adds."""
        source = self._environment.loader.get_source(  # type: ignore[union-attr]
            self._environment, "catalogue.css"
        )[0]
        return f"{style_sheet(self._environment)}\n{source}".encode()

    def pages(self) -> Iterator[tuple[str, bytes]]:
        """Path and content of each page."""
        yield "index.html", self._home()
        yield "compare.html", self._rendered("compare.html.j2", "", "Compare", "compare")
        for index in range(len(self.views)):
            yield self.views[index].page, self._version(index)
        for history in self.timeline.datasets:
            yield dataset_page(history.name), self._dataset(history)
            for column in history.columns:
                yield column_page(history.name, column.name), self._column(history, column)

    def _rendered(self, template: str, root: str, title: str, place: str, **more: Any) -> bytes:
        text = self._environment.get_template(template).render(
            root=root,
            title=title,
            place=place,
            site=self.timeline.content,
            timeline=self.timeline,
            size=PLOT_SIZE,
            **more,
        )
        return f"{text.strip()}\n".encode()

    def _home(self) -> bytes:
        newest = next((view for view in self.views if view.latest), None)
        datasets = [
            (history, series.trend_path(history.amounts), views.amount_words(history.latest))
            for history in self.timeline.datasets
        ]
        return self._rendered(
            "home.html.j2",
            "",
            "",
            "versions",
            versions=self.views[::-1],
            newest=newest,
            datasets=datasets,
            chart=release_chart(self.views),
            channels=[
                (channel, version_of(channel, self.timeline.content.catalogue.versions))
                for channel in self.timeline.content.catalogue.channels
            ],
            loading=self._first_loading(newest),
        )

    def _first_loading(
        self, newest: VersionView | None
    ) -> list[tuple[DatasetFigures, tuple[Snippet, ...]]]:
        """How the first dataset of the newest version is loaded."""
        if newest is None:
            return []
        address, figures = self.timeline.content.address, newest.figures
        named = ("latest", newest.version.tag)
        return [
            (dataset, snippets(named, dataset, address, figures.remotes))
            for dataset in figures.datasets[:1]
        ]

    def _version(self, index: int) -> bytes:
        view = self.views[index]
        before, after = neighbours(self.timeline.versions, index)
        figures, tag = view.figures, view.version.tag
        address = self.timeline.content.address
        return self._rendered(
            "version.html.j2",
            "../",
            view.version.tag,
            "versions",
            view=view,
            older=before,
            newer=after,
            changes=[
                (dataset, line)
                for dataset in figures.datasets
                if (line := views.dataset_change(dataset))
            ]
            if view.version.trailer("Baseline")
            else [],
            moved=[
                (
                    dataset,
                    column,
                    distribution_plot(column, compared=True),
                    categories(histogram_of(column, compared=True), 6)[0] if column.labels else (),
                )
                for dataset, column in drifted(figures, _DRIFTED)
            ],
            datasets=[
                (dataset, [ColumnLine(dataset.name, c, dataset.amount) for c in dataset.columns])
                for dataset in figures.datasets
            ],
            loading=[
                (dataset, snippets((tag, tag), dataset, address, figures.remotes))
                for dataset in figures.datasets
            ],
            documents=[(name, path) for name, path, _ in documents_of_page(view.released)],
        )

    def _dataset(self, history: DatasetHistory) -> bytes:
        latest = history.latest
        there = {column.name for column in latest.columns}
        return self._rendered(
            "dataset_history.html.j2",
            "../",
            history.name,
            "datasets",
            history=history,
            charts=dataset_charts(self.timeline, history),
            drift=drift_map(self.timeline, history),
            schema=schema_history(self.timeline, history),
            columns=[ColumnLine(history.name, column, latest.amount) for column in latest.columns],
            gone=[column for column in history.columns if column.name not in there],
            loading=snippets(
                self.timeline.named(history.name), latest, self.timeline.content.address
            ),
        )

    def _column(self, history: DatasetHistory, column: ColumnHistory) -> bytes:
        latest = column.latest
        plot = distribution_plot(latest, compared=False)
        rows = next(
            r for r, p in zip(reversed(column.rows), reversed(column.points), strict=True) if p
        )
        siblings = [other.name for other in history.columns]
        place = siblings.index(column.name)
        return self._rendered(
            "column_history.html.j2",
            "../../",
            f"{column.name} in {history.name}",
            "datasets",
            history=history,
            column=column,
            line=ColumnLine(history.name, latest, rows),
            figures=[
                (name, text)
                for name, text in (
                    (label, figure_words(latest, field)) for label, field in _FIGURES
                )
                if text is not None
            ],
            plot=plot,
            ridge_labels=series.ridge_labels(plot.x) if plot else (),
            bars=categories(histogram_of(latest, compared=False), 12)[0] if latest.labels else (),
            charts=column_charts(self.timeline, column),
            ridges=series.ridges(_ridge_rows(self.timeline, column)),
            ridge_step=series.RIDGE_STEP,
            ridge_left=series.RIDGE_LEFT,
            previous=siblings[place - 1] if place else None,
            next=siblings[place + 1] if place + 1 < len(siblings) else None,
        )


_RIDGES = 12
_FIGURES = (
    ("mean", "mean"),
    ("median", "median"),
    ("standard deviation", "std"),
    ("distinct values", "distinct"),
    ("mean length", "length_mean"),
)


def _ridge_rows(timeline: Timeline, column: ColumnHistory) -> list[tuple[str, list[float]]]:
    """Distributions of at most twelve versions, evenly chosen, over the bins of the newest."""
    edges = column.latest.edges
    there = [
        (tag, point)
        for tag, point in zip(timeline.tags, column.points, strict=True)
        if point is not None and point.edges
    ]
    if not edges or len(there) < 2:  # noqa: PLR2004 - one is no history
        return []
    last = len(there) - 1
    chosen = sorted({round(i * last / (_RIDGES - 1)) for i in range(_RIDGES)})
    return [
        (tag, list(shares(series.rebinned_to(point.edges, point.counts, edges))))
        for tag, point in (there[index] for index in chosen)
    ]

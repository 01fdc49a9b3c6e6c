"""``datarelease site``: read the versions, make the pages, write what changed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from typing_extensions import TypedDict

from datarelease.app.repository import open_repository
from datarelease.model.site_names import version_data
from datarelease.progress import Progress
from datarelease.site.content.read import SiteContent, read_content
from datarelease.site.content.timeline import timeline_of
from datarelease.site.feed import atom
from datarelease.site.machine import history_text, machine_documents
from datarelease.site.output import SiteFolder, Written
from datarelease.site.pages import Pages
from datarelease.site.scripts import figures_script, search_index, version_list

_ASSETS = ("catalogue.js", "compare.js", "icon.svg")


def build_site(out: Path, repo: str | None, progress: Progress) -> Written:
    """Write the catalogue of a repository into a directory.

    Args:
        out: New, empty, or with an earlier catalogue.
        repo: A directory or an address; None: the current directory.
        progress: Receives progress messages.

    Raises:
        ConfigError: Other files are there, or no such repository.
        WorldError: The git remote does not answer, or a full disk.
    """
    folder = SiteFolder(out)
    repository = open_repository(repo, progress=progress)
    content = read_content(repository, name=Path.cwd().name if repo is None else Path(repo).name)
    for note in content.notes:
        progress.warn(note)
    return folder.write(site_files(content, progress))


def site_files(content: SiteContent, progress: Progress) -> Mapping[str, bytes]:
    """Every file of the site by its path; equal content gives equal bytes."""
    timeline = timeline_of(content)
    pages = Pages(timeline)
    columns = sum(len(history.columns) for history in timeline.datasets)
    total = 2 + len(timeline.versions) + len(timeline.datasets) + columns
    made: dict[str, bytes] = {"assets/catalogue.css": pages.style()}
    assets = files("datarelease.site") / "assets"
    made |= {f"assets/{name}": (assets / name).read_bytes() for name in _ASSETS}
    with progress.track("Writing pages", total, "pages") as advance:
        for path, page in pages.pages():
            made[path] = page
            advance(1)
    views = pages.views
    made["data/versions.js"] = version_list(timeline, views)
    made["data/search.js"] = search_index(timeline, views)
    made |= {version_data(view.version.tag): figures_script(view) for view in views}
    made["feed.atom"] = atom(timeline, views, content.url)
    made["CHANGELOG.md"] = history_text(views)
    made |= dict(machine_documents(content.catalogue, content.versions))
    return made


class SiteResult(TypedDict):
    """The catalogue that was written."""

    out: str
    """The directory of the catalogue."""
    files: int
    """The number of files of the catalogue."""
    changed: int
    """How many of them are new or changed."""
    removed: int
    """How many files of an earlier catalogue were removed."""


def result_json(written: Written, out: Path) -> SiteResult:
    """The result for machines."""
    return {
        "out": str(out),
        "files": written.files,
        "changed": written.changed,
        "removed": written.removed,
    }

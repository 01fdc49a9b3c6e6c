"""The files of one dataset in the comment."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.review.diff import FileChange, FolderDiff
from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.files import AT_TOP, SIGNS, FilesView, Pair, arrow, growth, of_change
from datarelease.render.markdown import gfm

_KINDS = 6
_OPEN = 5
"""Folders and changes shown in the open."""


@dataclass(frozen=True, kw_only=True)
class Detail:
    """How much of a section is shown."""

    columns: int
    folded: int
    violations: int
    examples: int
    changes: int


def file_section(view: FilesView, detail: Detail) -> str:
    """What changed in the files, or what they are where there is nothing to compare with."""
    if not view.told:
        return ""
    if detail.examples == 0 and detail.columns == 0:
        return view.counts
    changed = f"**Files**: {view.counts}" if view.counts and view.compares else ""
    if changed and view.moved_bytes:
        changed += f" ({view.moved_bytes})"
    why = view.diff.no_comparison
    return gfm.stacked(
        changed,
        f"Files were not compared one by one: {escape.prose(why, 300)}" if why else "",
        _kinds(view),
        _sizes(view),
        _pictures(view),
        _folders(view, detail),
        _examples(view, detail),
    )


def _kinds(view: FilesView) -> str:
    """A line of the kinds; a table where several of them moved."""
    moved = [pair for pair in view.kinds if not pair.same]
    if len(view.kinds) == 1 or not view.compares:
        shown = [
            f"{number.count(pair.files[1] or pair.files[0] or 0)} {escape.code(pair.name)}"
            for pair in view.kinds[:_KINDS]
        ]
        hidden = len(view.kinds) - len(shown)
        more = f" and {number.counted(hidden, 'more kind')}" if hidden else ""
        return f"Kinds: {', '.join(shown)}{more}" if shown else ""
    rows = [_kind(pair) for pair in moved[:_KINDS]]
    more = gfm.elsewhere(len(moved) - len(rows), "more kind")
    return gfm.stacked(gfm.table(("kind", "files and bytes"), rows) if rows else "", more)


def _kind(pair: Pair) -> tuple[str, ...]:
    sizes = arrow(*pair.bytes, write=number.size)
    return (escape.cell(pair.name), f"{arrow(*pair.files)}<br>{sizes}")


def _sizes(view: FilesView) -> str:
    old, new = view.blocks
    figures = [
        f"{name} {then} → {now}"
        if then is not None and now is not None and then != now
        else f"{name} {now or then}"
        for name, then, now in view.figures
        if (now or then) not in {None, "none", "0"}
    ]
    line = " → ".join(f"`{side}`" for side in (old, new) if side)
    return f"Sizes {line} " + " · ".join(figures) if line else ""


def _pictures(view: FilesView) -> str:
    """Their figures in a line; small copies are on the page alone."""
    figures = [f"{name} {escape.prose(figure, 120)}" for name, figure in view.picture_figures]
    text = " · ".join(figures)
    return text[:1].upper() + text[1:]


def _folders(view: FilesView, detail: Detail) -> str:
    if not detail.columns or len(view.folders) < 2:  # noqa: PLR2004 - one folder needs no table
        return ""
    shown = view.folders[: detail.columns + detail.folded]
    head = ("folder", "files")
    rows = [_folder(folder) for folder in shown]
    more = number.counted(len(rows) - _OPEN, "more folder")
    left = len(view.folders) + view.diff.more_folders - len(shown)
    return gfm.stacked(
        gfm.table(head, rows[:_OPEN]),
        gfm.details(more, gfm.table(head, rows[_OPEN:])) if rows[_OPEN:] else "",
        gfm.elsewhere(left, "more folder"),
    )


def _folder(folder: FolderDiff) -> tuple[str, ...]:
    parts = [
        f"{number.count(count)} {kind}"
        for kind in ("added", "removed", "changed", "renamed")
        if (count := getattr(folder, kind))
    ]
    parts.append(growth(folder.bytes))
    return (escape.cell(folder.path or AT_TOP), ", ".join(parts))


def _examples(view: FilesView, detail: Detail) -> str:
    """A few of each kind of change, what was taken away first."""
    if not view.compares or not detail.examples:
        return ""
    shown: list[FileChange] = []
    for kind in ("removed", "changed", "renamed", "added"):
        shown += [change for change in view.examples if change.kind == kind][: detail.examples]
    if not shown:
        return ""
    hidden = view.hidden + len(view.examples) - len(shown)
    table = gfm.table(("file", "size"), (_example(change) for change in shown))
    return gfm.details(
        f"Examples of these files ({len(shown)})",
        gfm.stacked(table, gfm.elsewhere(hidden, "more changed file")),
    )


def _example(change: FileChange) -> tuple[str, ...]:
    old = f"{escape.cell(change.old_path)} → " if change.old_path else ""
    return (f"{SIGNS[change.kind]} {old}{escape.cell(change.path)}", of_change(change))

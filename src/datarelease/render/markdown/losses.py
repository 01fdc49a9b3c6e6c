"""Data loss and breaking changes in the comment."""

from __future__ import annotations

from collections.abc import Sequence

from datarelease.model.review.diff import Compatibility
from datarelease.model.review.split import Split
from datarelease.render import escape, words
from datarelease.render import numbers as number
from datarelease.render.markdown import gfm
from datarelease.render.view import DatasetView, ReportView


def losses(view: ReportView) -> tuple[str, ...]:
    """Data loss and breaking changes, a line a dataset; this part can shrink but never vanish."""
    report = view.report
    found = [(d, loss) for d in view.datasets if d.diff and (loss := _loss(d))]
    breaking = report.compatibility is Compatibility.BREAKING
    if not found or (report.level == "pass" and not breaking and len(report.datasets) == 1):
        return ()
    loud = any("**" in loss for _, loss in found)
    alert = "> [!CAUTION]\n" if report.level == "block" else "> [!WARNING]\n" if loud else ""

    def assemble(lines: Sequence[str], hidden: int) -> str:
        others = [dataset for dataset, _ in found[len(lines) :]]
        rest = [_loss_totals(others, more=bool(lines))] if hidden else []
        return alert + "\n".join(f"> {line}<br>" for line in (*lines, *rest)).removesuffix("<br>")

    lines = [f"{escape.code(dataset.name, 40)} {loss}" for dataset, loss in found]
    return gfm.shorter_lists(lines, assemble, steps=(300, 200, 100, 50, 20, 5, 0))


def _loss(view: DatasetView) -> str:
    """What readers of a dataset lose, in a few words; empty where nothing."""
    diff = view.diff
    if diff.status == "removed":
        held, _, noun = words.amounts(diff)
        lost = f" with its {number.counted(held, noun)}" if held else ""
        return f"is **removed**{lost}"
    out = []
    was, now, noun = words.amounts(diff)
    before, after = was or 0, now or 0
    if diff.is_part:
        out += _split_loss(view.split) if view.split is not None else []
    elif after < before:
        part = number.signed_share(number.ratio(after - before, before))
        out.append(
            f"**loses {number.count(before - after)} of {number.count(before)} {noun}s** ({part})"
        )
    elif view.lost:
        out.append(f"lost {number.counted(view.lost, noun)}, while others were added")
    if view.breaking:
        what = "its schema" if view.files is None else "its readers"
        out.append(f"**breaks {what}**: {words.change_counts(view.breaking)}")
    return "; ".join(out)


def _split_loss(split: Split) -> list[str]:
    """What all parts of a former dataset lost together; behind the name of the first one."""
    if not split.lost:
        return []
    share = number.signed_share(number.ratio(-split.lost, split.before))
    former, lost = escape.code(split.former, 40), number.count(split.lost)
    of_all = f"of {number.count(split.before)} {split.noun}s** ({share})"
    return [f"and the other parts of {former} **lose {lost} {of_all}"]


def _loss_totals(datasets: Sequence[DatasetView], *, more: bool) -> str:
    removed = sum(view.diff.status == "removed" for view in datasets)
    breaking = sum(len(view.breaking) for view in datasets)
    return (
        f"{number.counted(len(datasets), 'more dataset' if more else 'dataset')}: "
        f"{number.count(removed)} removed, "
        f"{_lost(datasets)} lost, "
        f"{number.counted(breaking, 'breaking schema change')}"
    )


def _lost(datasets: Sequence[DatasetView]) -> str:
    """Rows and, where there are such datasets, files that are lost."""
    sums = {noun: sum(d.lost for d in datasets if d.noun == noun) for noun in ("row", "file")}
    told = [number.counted(n, noun) for noun, n in sums.items() if n or noun == "row"]
    return " and ".join(told)

"""What one page shows of a dataset of files: figures and plots."""

from __future__ import annotations

from datarelease.render import numbers as number
from datarelease.render import plots
from datarelease.render.files import FilesView


def files_facts(view: FilesView) -> tuple[tuple[str, str, str], ...]:
    """Size, kinds and duplicates, each with what it was before."""
    old, new = view.diff.before, view.diff.after
    shown = new or old
    if shown is None:
        return ()
    compared = old is not None and new is not None
    out = [("Size", number.size(shown.bytes), "")]
    if compared and old is not None:
        by = f" ({number.signed_share(number.ratio(shown.bytes - old.bytes, old.bytes))})"
        same = old.bytes == shown.bytes
        moved = "as before" if same else f"from {number.size(old.bytes)}{by if old.bytes else ''}"
        out = [("Size", number.size(shown.bytes), moved)]
    first = shown.kinds[0].type if shown.kinds else ""
    most = f"most are {first}" if len(shown.kinds) > 1 else first
    out.append(("Kinds", number.count(len(shown.kinds)), most))
    again = shown.duplicates
    if again.files:
        out.append(("Duplicates", number.count(again.files), f"{number.size(again.bytes)} in all"))
    return tuple(out)


def sizes_plot(view: FilesView | None) -> plots.DistributionPlot | None:
    """How many files have which size; None: there is none, or it is no dataset of files."""
    if view is None or view.sizes is None:
        return None
    return plots.distribution(view.sizes, "number")

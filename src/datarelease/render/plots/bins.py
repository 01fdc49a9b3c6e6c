"""Bins of a histogram: their shares, whether they grow by tens, and a line of blocks of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from datarelease.model.data.profile import ColumnKind
from datarelease.model.review.diff import Histogram

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 12


def sparkline(shares: Sequence[float], *, peak: float | None = None) -> str:
    """One block a share, drawn against ``peak`` (default: the largest); only zero is the lowest.

    >>> sparkline([0, 1, 2, 4, 8]), sparkline([0, 0]), sparkline([])
    ('▁▂▃▅█', '▁▁', '')
    """
    top = max(shares, default=0.0) if peak is None else peak
    if top <= 0:
        return _BLOCKS[0] * len(shares)
    steps = len(_BLOCKS) - 1
    return "".join(
        _BLOCKS[min(steps, max(1, round(share / top * steps)))] if share > 0 else _BLOCKS[0]
        for share in shares
    )


def blocks(histogram: Histogram, width: int = _WIDTH) -> tuple[str, str]:
    """Both sides over one scale of shares, so that their heights compare; "" for a side not there.

    Neighbouring bins are merged down to ``width``; of categories the first ``width`` are drawn.
    """
    sides = [
        rebinned(shares(counts), width) if histogram.edges else shares(counts)[:width]
        for counts in (histogram.before, histogram.after)
    ]
    peak = max((share for side in sides for share in side), default=0.0)
    before, after = (sparkline(side, peak=peak) for side in sides)
    return before, after


def shares(counts: Sequence[float] | None) -> tuple[float, ...]:
    """Counts as parts of their sum; negative ones count as nothing."""
    counts = [max(count, 0.0) for count in counts or ()]
    largest = max(counts, default=0.0)
    if not largest:
        return tuple(counts)
    scaled = [count / largest for count in counts]  # a sum of huge counts would overflow
    total = sum(scaled)
    return tuple(count / total for count in scaled)


def rebinned(values: Sequence[float], width: int) -> tuple[float, ...]:
    """``values`` in at most ``width`` bins of equal width; a bin on a bound is divided by length.

    >>> rebinned((2, 2, 2), 2)
    (3.0, 3.0)
    """
    bins = len(values)
    if bins <= width:
        return tuple(values)
    out = [0.0] * width
    for index, value in enumerate(values):
        lo, hi = index * width / bins, (index + 1) * width / bins
        first, last = int(lo), min(int(hi), width - 1)
        if first == last:
            out[first] += value
        else:  # bins are narrower than groups, so one spans two at most
            part = (last - lo) / (hi - lo)
            out[first] += value * part
            out[last] += value * (1 - part)
    return tuple(out)


_GROWS = 10
"""Bins of a linear axis are equally wide; those of a logarithmic one grow by more than this."""


def logarithmic(histogram: Histogram, kind: ColumnKind) -> bool:
    """Whether the bins grow by tens (``analysis.comparison.histogram``); plots say so."""
    # The outermost bins may be open.
    inner = histogram.edges[1:-1] if len(histogram.edges) > 4 else histogram.edges  # noqa: PLR2004
    if kind != "number" or len(inner) < 3 or inner[0] <= 0:  # noqa: PLR2004
        return False
    widths = [high - low for low, high in pairwise(inner)]
    return widths[0] > 0 and widths[-1] > _GROWS * widths[0]

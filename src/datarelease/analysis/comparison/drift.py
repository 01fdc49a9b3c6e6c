"""How far a column's distribution moved, from two profiles alone, without data.

Profiles hold cumulative counts exactly at the bounds of their cells (see `distribution`). Nulls
and infinities are axes of their own and have no share in these figures. All of them are None
where a side has no values or the sides cannot be compared: another kind, a pii column, text that
is unique in every row. ``rows`` are those of the two tables, nulls included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from datarelease.analysis.comparison.distribution import Distribution, shared_counts
from datarelease.model.data.profile import ColumnProfile

_BINS = 10
_SHARE_FLOOR = 1e-4
"""What a share of zero counts as in PSI, whose logarithm it would break."""
_Cut = tuple[float, bool]
"""Bins end at a value: before it (False) or after it (True)."""
Shares = list[tuple[float, float]]
"""Per bin the share of the values before and after."""


def psi(before: ColumnProfile, after: ColumnProfile, rows: tuple[int, int]) -> float | None:
    """The population stability index, from 0 upwards: over 0.1 some, over 0.25 much drift.

    ``sum((q - p) * ln(q / p))`` over bins with the shares p before and q after, shares below
    0.0001 counted as 0.0001 (Siddiqi, Credit Risk Scorecards, 2006; Yurdakul, Statistical
    Properties of Population Stability Index, 2018). The bins are the deciles of the values
    before, each closed above; a value that holds two deciles or more is a bin of its own. For
    text and booleans they are the categories, see `shared_counts`.
    """
    if _are_one(before, after):
        return 0.0
    shares = _shares(before, after, rows, [before])
    if shares is None:
        return None
    floored = ((max(p, _SHARE_FLOOR), max(q, _SHARE_FLOOR)) for p, q in shares)
    return math.fsum((q - p) * math.log(q / p) for p, q in floored)


def js(before: ColumnProfile, after: ColumnProfile, rows: tuple[int, int]) -> float | None:
    """The Jensen-Shannon divergence to base 2: 0 for equal, 1 for disjoint distributions.

    Lin, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on Information
    Theory 37, 1991. The bins are cut at the deciles of both sides, so the figure is symmetric.
    """
    if _are_one(before, after):
        return 0.0
    shares = _shares(before, after, rows, [before, after])
    if shares is None:
        return None
    terms = (_entropy_term(p, (p + q) / 2) + _entropy_term(q, (p + q) / 2) for p, q in shares)
    return min(1.0, max(0.0, math.fsum(terms) / 2))


def ks(before: ColumnProfile, after: ColumnProfile) -> float | None:
    """The two-sample Kolmogorov-Smirnov statistic, between 0 and 1; numbers and times only.

    The largest distance between the two cumulative shares (Smirnov, Table for Estimating the
    Goodness of Fit of Empirical Distributions, 1948; `scipy.stats.ks_2samp`).
    """
    if not before.cells or not after.cells or before.kind != after.kind:
        return None
    if _are_one(before, after):
        return 0.0
    one, two = Distribution.of(before), Distribution.of(after)
    return max(
        max(
            abs(one.at_most(bound) / one.count - two.at_most(bound) / two.count),
            abs(one.below(bound) / one.count - two.below(bound) / two.count),
        )
        for bound in {*one.bounds, *two.bounds}
    )


def _are_one(before: ColumnProfile, after: ColumnProfile) -> bool:
    """Nothing moved, which is found out cell by cell otherwise: most columns of most checks."""
    return bool(before.cells) and before == after


def _shares(
    before: ColumnProfile,
    after: ColumnProfile,
    rows: tuple[int, int],
    binned: Sequence[ColumnProfile],
) -> Shares | None:
    if before.kind != after.kind:
        return None
    if before.cells and after.cells:
        one, two = Distribution.of(before), Distribution.of(after)
        cuts = sorted({cut for column in binned for cut in _cuts(Distribution.of(column))})
        return list(zip(_between_cuts(one, cuts), _between_cuts(two, cuts), strict=True))
    counts = shared_counts(before, after, rows)
    if counts is None:
        return None
    old, new = rows[0] - before.nulls, rows[1] - after.nulls
    return [(category.before / old, category.after / new) for category in counts]


def _cuts(distribution: Distribution) -> Iterable[_Cut]:
    quantiles = [distribution.quantile(k, _BINS) for k in range(1, _BINS)]
    yield from ((value, True) for value in quantiles)
    yield from ((value, False) for value, other in pairwise(quantiles) if value == other)


def _between_cuts(distribution: Distribution, cuts: Sequence[_Cut]) -> list[float]:
    counts = [
        distribution.at_most(value) if inclusive else distribution.below(value)
        for value, inclusive in cuts
    ]
    total = distribution.count
    return [(high - low) / total for low, high in pairwise([0.0, *counts, total])]


def _entropy_term(share: float, mean: float) -> float:
    return share * math.log2(share / mean) if share > 0 else 0.0

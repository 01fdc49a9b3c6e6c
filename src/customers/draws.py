"""Random draws that depend on nothing but (seed, stream name, row number), and what is cut of them.

Belongs here: draws and exact integer transforms of them. Does not: what a column means
(`columns.py`).

`numpy.random.Generator` methods are not used: NumPy may change their streams between versions
(NEP 19), while the raw words of a bit generator are fixed by its published algorithm. All
arithmetic by row is on integers, as functions of libm (exp, log) differ in the last bit between
CPUs and their vector paths; they appear in one small table only, see `spend_table`.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal, localcontext
from itertools import accumulate
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from customers.params import threshold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_CELL_BITS, _FRACTION_BITS = 12, 16
TAIL = 3.9  # standard deviations at which the log-normal prices end


def draws(seed: int, stream: str, first: int, rows: int) -> Words:
    """Return one 64-bit word a row of a stream, for rows first .. first + rows - 1.

    Philox 4x64 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11) makes four
    words from one counter value, so row r is word r % 4 of counter r // 4. The key is
    (seed, hash of the stream's name).
    """
    name = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")
    counter, skip = divmod(first, 4)
    generator = np.random.Philox(
        key=np.array([seed, name], dtype=np.uint64),
        counter=np.array([counter, 0, 0, 0], dtype=np.uint64),
    )
    words: Words = generator.random_raw(skip + rows)
    return words[skip:]


def halves(words: Words) -> tuple[Ints, Ints]:
    """Return the upper and the lower 32 bits of each word, two independent draws."""
    return (words >> 32).astype(np.int64), (words & 0xFFFF_FFFF).astype(np.int64)


def scaled(draw: Ints, size: Any) -> Ints:
    """Return 32-bit draws scaled down to 0 .. size - 1 (size below 2**31; a number or an array)."""
    result: Ints = (draw * size) >> 32
    return result


def below(words: Words, share: Fraction) -> Mask:
    """Return where a draw falls within `share`; a larger share only adds rows."""
    result: Mask = (words >> 11) < np.uint64(threshold(share))
    return result


def choices(words: Words, shares: Sequence[Fraction]) -> Ints:
    """Return positions drawn with the given shares, which add up to one.

    The shares divide one interval in their order: a changed share moves only the rows between
    its old and its new bounds.
    """
    bounds = [threshold(bound) for bound in accumulate(shares)][:-1]
    return np.searchsorted(np.array(bounds, dtype=np.uint64), words >> 11, side="right")


def normal_quantiles() -> list[float]:
    """Return quantiles 0, 1/4096 .. 1 of the normal distribution to six decimals, tails cut."""
    cells = 2**_CELL_BITS
    inner = [round(NormalDist().inv_cdf(i / cells), 6) for i in range(1, cells)]
    return [-TAIL, *inner, TAIL]


def spend_table(median: Fraction, spread: Fraction) -> Ints:
    """Return quantiles 0, 1/4096 .. 1 of a log-normal price, in thousandths of a cent.

    The normal quantiles are floats from libm, yet rounded a million times coarser than their
    error, and a test shows that none lies near a rounding boundary; `Decimal.exp` is correctly
    rounded everywhere. Hence the table is the same on every machine.
    """
    with localcontext(prec=28):
        sigma = Decimal(spread.numerator) / spread.denominator
        middle = Decimal(median.numerator) / median.denominator * 100_000
        prices = ((sigma * Decimal(str(z))).exp() * middle for z in normal_quantiles())
        return np.array([int(price.to_integral_value()) for price in prices], dtype=np.int64)


def from_table(table: Ints, words: Words) -> Ints:
    """Return values drawn from a table of 4097 quantiles, linear between them."""
    cell = (words >> (64 - _CELL_BITS)).astype(np.int64)
    along = (words >> (64 - _CELL_BITS - _FRACTION_BITS)).astype(np.int64) % 2**_FRACTION_BITS
    low = table[cell]
    result: Ints = low + (((table[cell + 1] - low) * along) >> _FRACTION_BITS)
    return result

"""Cases of a test of which some run in every suite and the others in the slow one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest


def slow_but(
    quick: Collection[str], cases: Iterable[Any], name: Callable[[Any], str] = str
) -> list[Any]:
    """The cases as parameters with their names; those that are not ``quick`` are marked slow.

    The quick ones stand for the others: one for each mechanism, or kind of failure. A tuple is a
    case of several parameters.
    """
    found = [(name(case), case if isinstance(case, tuple) else (case,)) for case in cases]
    assert set(quick) <= {shown for shown, _ in found}, "a quick case is none of the cases"
    return [
        pytest.param(*values, id=shown, marks=() if shown in quick else pytest.mark.slow)
        for shown, values in found
    ]

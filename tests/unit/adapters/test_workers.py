"""Work on many objects in a few threads."""

from __future__ import annotations

import threading

import pytest

from datarelease.adapters.store.workers import each


def test_results_keep_the_order_of_the_items() -> None:
    """Whichever thread is first, and with more threads than items or none at all."""
    assert each(lambda n: n * n, range(1000), 7) == [n * n for n in range(1000)]
    assert each(str, ["a"], 8) == ["a"]
    assert each(str, [], 8) == []


def test_as_many_items_are_under_way_as_there_are_threads() -> None:
    """Each waits for the two others, so one after the other they would never end."""
    together = threading.Barrier(3)
    assert sorted(each(lambda _: together.wait(20), range(3), 3)) == [0, 1, 2]


def test_a_failure_ends_what_has_not_begun() -> None:
    """It reaches the caller, and of a thousand items only those under way are still finished."""
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        raise OSError(f"item {number}")

    with pytest.raises(OSError, match=r"item [01]"):
        each(work, range(1000), 2)
    assert set(begun) <= {0, 1}

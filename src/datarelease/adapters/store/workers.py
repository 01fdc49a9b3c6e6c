"""Work on many objects in a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def each(work: Callable[[_T], _R], items: Sequence[_T], threads: int) -> list[_R]:
    """What ``work`` returns for each item, in order; the first failure ends what has not begun.

    Each thread takes the next item when it is done with one. A future for each item, as
    ``Executor.map`` makes them, costs more than the work on a small file.
    """
    found: dict[int, _R] = {}
    stopped = threading.Event()
    numbers = iter(range(len(items)))
    taking = threading.Lock()

    def take() -> int | None:
        with taking:
            return None if stopped.is_set() else next(numbers, None)

    def run() -> None:
        while (number := take()) is not None:
            try:
                found[number] = work(items[number])
            except BaseException:
                stopped.set()
                raise

    with ThreadPoolExecutor(max(1, min(threads, len(items)))) as pool:
        workers = [pool.submit(run) for _ in range(min(threads, len(items)))]
        try:
            for worker in workers:
                worker.result()
        finally:
            stopped.set()  # an interrupt of the thread that waits
    return [found[number] for number in range(len(items))]

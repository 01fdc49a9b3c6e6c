"""The memory of the process that forks in huge pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import forks
from tests.huge_pages import use_huge_pages

ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def fill(target: Path) -> None:
    """Write whether memory that is put into huge pages keeps what it holds, and how many it has."""
    held = [bytes([number % 256]) * 1000 for number in range(20_000)]
    made = use_huge_pages()
    kept = all(one == bytes([number % 256]) * 1000 for number, one in enumerate(held))
    target.write_text(f"{kept} {made}")


@pytest.mark.skipif(
    not ENABLED.exists() or "[never]" in ENABLED.read_text(), reason="no huge pages here"
)
def test_memory_keeps_what_it_holds_in_huge_pages(tmp_path: Path) -> None:
    """Twenty megabytes of small objects are the same afterwards, in pages of two megabytes."""
    forks.start(fill, tmp_path / "said").join()
    kept, made = (tmp_path / "said").read_text().split()
    assert kept == "True"
    assert int(made) >= 5

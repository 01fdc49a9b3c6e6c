"""The page on the weight of an installation names what pyproject.toml asks for, with reasons."""

from __future__ import annotations

import re

from benchmarks.weight import BASE, EVERYTHING, PAGE, REASONS, SETS, declared

from datarelease.cli import COMMANDS, OPTIONAL


def rows(name: str) -> list[list[str]]:
    """The cells of a measured table, without its head."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- measured: {name} -->\n(.*?)<!-- end -->", text, flags=re.DOTALL)
    assert found is not None
    lines = found[1].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_each_direct_dependency_has_its_reason() -> None:
    """A new dependency is argued for; one that is gone leaves no reason behind."""
    assert {extra: sorted(found) for extra, found in REASONS.items()} == {
        extra: sorted(found) for extra, found in declared().items()
    }


def test_the_page_lists_each_dependency_with_its_reason_and_its_size() -> None:
    """The figures are measured; names and reasons are those of the script."""
    listed = rows("reasons")
    assert [(extra.strip("`"), name, reason) for extra, name, reason, *_ in listed] == [
        (extra or "none", name, reason)
        for extra, packages in REASONS.items()
        for name, reason in packages.items()
    ]
    for *_, own, whole in listed:
        assert 0 < float(own) <= float(whole)


def test_the_page_has_an_installation_with_each_extra() -> None:
    """Those that are measured cover all extras, and everything is the largest."""
    covered = {extra for extras in SETS for extra in extras.split(",")}
    assert covered - {EVERYTHING} == set(REASONS)
    listed = rows("installations")
    assert [row[1] for row in listed] == list(SETS.values())
    sizes = [int(row[3]) for row in listed]
    assert sizes[list(SETS).index(BASE)] == min(
        size for size, name in zip(sizes, SETS, strict=True) if name != "msk"
    )
    assert max(sizes) == sizes[list(SETS).index(EVERYTHING)]


def test_the_page_has_the_start_of_each_command() -> None:
    """A new command is measured before it is documented."""
    listed = [row[0] for row in rows("starts")]
    for name in (*COMMANDS, *OPTIONAL):
        assert f"`datarelease {name} --help`" in listed

"""What `init` infers of the dialect of CSV files from their text and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datarelease.analysis.engine.csv import structure as csv_structure
from datarelease.analysis.engine.csv.structure import with_structure
from datarelease.analysis.engine.csv.values import infer_values
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table, UnreadableTable

Infer = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture
def infer(engine: DuckDBEngine, tmp_path: Path) -> Infer:
    """What differs from the default in the dialect of some parts."""

    def inferring(*parts: str | bytes) -> dict[str, Any]:
        paths = tuple(tmp_path / f"{place}.csv" for place in range(len(parts)))
        for path, part in zip(paths, parts, strict=True):
            path.write_bytes(part if isinstance(part, bytes) else part.encode())
        table = with_structure(Table(paths=paths, format="csv"))
        return infer_values(engine, table).changes

    return inferring


def codes(row: str, head: str = "id,iso2,x") -> str:
    """A table of country codes; ``row`` has a place for one."""
    listed = ["NA", "DE", "FR", "US", "IT", "CH", "DE"]
    return f"{head}\n" + "".join(f"{n},{row.format(code)}\n" for n, code in enumerate(listed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", {}),
        ("a\tb\n1\t2\n", {"delimiter": "\t"}),
        ("a:b\n1:2\n", {"delimiter": ":"}),
        ("sep=;\nid;n\n1;2\n", {"delimiter": ";", "skip_rows": 1}),
        ("Preise 2026\nid;n\n1;é\n", {"delimiter": ";", "skip_rows": 1}),
        ("id,n\n1,\ufeffé\n".encode("utf-8-sig"), {}),
        ("id,n\n1,é\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("id,n\n1,\x81é\n".encode("latin-1"), {"encoding": "iso8859-1"}),
        ("id,n\n1,é\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("id,n\n1,é\n".encode("utf-32"), {"encoding": "utf-32"}),
        ("id,n\n1,é\n".encode("utf-16-be"), {"encoding": "utf-16-be"}),
        ("id;p;m\n1;1.234,50;1.000\n2;7,00;5\n", {"decimal": ",", "thousands": "."}),
        ("id;p\n1;1,50\n2;7\n", {"decimal": ","}),
        ("id;p\n1;1,234\n2;12\n", {}),
        ("id;a;b\n1;1,5;1.5\n2;2,5;2.75\n", {}),
        ('id,n\n1,"1,234.50"\n2,12\n', {"thousands": ","}),
        ('id,n\n1,"1,2"\n2,"3,4"\n', {}),
        ("id;n\n1;1 234,5\n2;7\n", {"decimal": ",", "thousands": " "}),
        ("id;org\n1;123 456 789\n2;223 456 789\n", {}),
        ("id;zip\n1;01234\n2;00,5\n", {}),
        ("id;p\n" + "1;1,5\n" * 3000 + "1;x\n", {}),
        ("iso2,name\nNA,Namibia\nDE,Germany\n", {"null_values": ("",)}),
        (codes("{},1"), {"null_values": ("",)}),
        (codes("{},NaN"), {"null_values": ("", "NaN")}),
        (codes("{},NA"), {}),
        ("id,name\n1,Ann\n2,NA\n3,Ann\n", {}),
        ("id,n\n1,NA\n2,3\n", {}),
    ],
)
def test_a_dialect_is_inferred(infer: Infer, text: str | bytes, expected: dict[str, Any]) -> None:
    """What the text and every value tell, and no more: ambiguous numbers and texts stay."""
    found = infer(text)
    if isinstance(text, str) and text.startswith("id;"):
        assert found.pop("delimiter") == ";"
    assert found == expected


def test_every_part_tells_the_encoding(infer: Infer, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASCII parts fit any encoding; the last byte counts, also where it is cut into pieces."""
    monkeypatch.setattr(csv_structure, "_CHUNK", 3)
    assert infer("a,b\n1,2\n", "a,b\n1,é\n".encode("cp1252")) == {"encoding": "cp1252"}
    assert infer("a,b\n1,2\n", "a,b\n1,é\n") == {}
    with pytest.raises(UnreadableTable, match="different encodings: cp1252 and utf-8"):
        infer("a,b\n1,é\n", "a,b\n1,é\n".encode("cp1252"))

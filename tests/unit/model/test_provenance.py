"""What a record is made from: every input that decides it, and nothing that does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from datarelease.model.data import provenance
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.provenance import differences, of_counts, of_profile, of_validation
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry


@dataclass(frozen=True, kw_only=True)
class Option:
    """A setting below ``meta`` that does not exist yet."""

    delimiter: str = ","


@dataclass(frozen=True, kw_only=True)
class Later(Dataset):
    """A dataset of a later program."""

    option: Option = Option()


FILES = {"schemas/a.yaml": b"columns: {}", "schemas/checks.py": b"pass"}
A = Later(name="a", path="a.csv", schema="schemas/a.yaml", key=("id",), pii=("name",))
DATA = DatasetSnapshot(name="a", entries=(Entry(path="a.csv", md5="0" * 32, size=7),))
OTHER = DatasetSnapshot(name="a", entries=(Entry(path="a.csv", md5="1" * 32, size=7),))
MAKERS = (of_validation, of_profile, of_counts)


@pytest.mark.parametrize(
    ("change", "validation", "profile", "counts"),
    [
        ({"key": ("id", "name")}, ["key"], [], ["key"]),
        ({"pii": ()}, ["pii"], ["pii"], ["pii"]),
        ({"name": "b"}, ["dataset"], ["dataset"], ["dataset"]),
        ({"schema": None}, ["schema", "checks"], ["schema", "checks"], ["schema"]),
        ({"option": Option(delimiter=";")}, ["option"], ["option"], []),
        ({"desc": "Words", "path": "elsewhere.csv"}, [], [], []),
    ],
)
def test_what_dvc_yaml_says_decides_a_record(
    change: dict[str, Any], validation: list[str], profile: list[str], counts: list[str]
) -> None:
    """Each declaration that decides a result, options of later programs included."""
    for make, wanted in zip(MAKERS, (validation, profile, counts), strict=True):
        before, after = (make(one, DATA, FILES.get) for one in (A, replace(A, **change)))
        assert list(differences(before, after)) == wanted, make.__name__


def test_bytes_decide_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data, schema, the checks beside it and the rules of this program; sizes do not."""
    before = of_validation(A, DATA, FILES.get)
    unsized = replace(DATA, entries=tuple(replace(entry, size=None) for entry in DATA.entries))
    assert of_validation(A, unsized, FILES.get) == before
    assert differences(before, of_validation(A, OTHER, FILES.get)) == ("data",)
    for path, name in (("schemas/a.yaml", "schema"), ("schemas/checks.py", "checks")):
        edited = {**FILES, path: b"else"}
        assert differences(before, of_validation(A, DATA, edited.get)) == (name,)
    monkeypatch.setattr(provenance, "VALIDATION_RULES", provenance.VALIDATION_RULES + 1)
    assert differences(before, of_validation(A, DATA, FILES.get)) == ("rules",)


def test_an_option_that_nobody_uses_leaves_old_records_as_they_are() -> None:
    """A new program with one more option does not make every record anew."""
    plain = Dataset(name="a", path="a.csv")
    later = Later(name="a", path="a.csv")
    assert of_validation(later, DATA, FILES.get) == of_validation(plain, DATA, FILES.get)

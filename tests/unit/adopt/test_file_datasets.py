"""Rules for files that init suggests: those that the files keep today."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datarelease.adopt.file_datasets import FoundFiles, loose_files, proposed_files
from datarelease.analysis.files.profile import profile_files
from datarelease.analysis.files.validate import sniffed, validate_files
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import ListedFile
from datarelease.settings.files_shape import FilesShape


def found(*names: str, size: int = 10) -> FoundFiles:
    """Files with these names."""
    files = [
        ListedFile(name, size, hashlib.md5(name.encode(), usedforsecurity=False).hexdigest())
        for name in names
    ]
    profile = profile_files("d", files)
    return FoundFiles(path="d", origin="", names=names, profile=profile)


@pytest.mark.parametrize(
    ("names", "rules"),
    [
        (["a.png", "x/b.png"], {"kinds": "[image/png]", "names": r'"[A-Za-z0-9._-]+\\.png"'}),
        (["a.jpg", "b.png"], {"kinds": "[image/jpeg, image/png]",
                              "names": r'"[A-Za-z0-9._-]+\\.(jpg|png)"'}),
        (["LICENSE", "a.png"], {"names": '"[A-Za-z0-9._-]+"'}),
        (["chapter 1.txt", "chapter 2.txt"], {"kinds": "[text/plain]"}),
        (["data.xml"], {"kinds": "[application/xml]"}),
    ],
)  # fmt: skip
def test_rules_come_from_the_files(names: list[str], rules: dict[str, str]) -> None:
    """Kinds where there are few, names where they are plain, twice the largest size."""
    assert dict(proposed_files("d", found(*names)).rules) == {**rules, "max_size": "1kB"}


@given(
    st.lists(
        st.from_regex(r"[a-z0-9 ]{1,5}(\.(png|txt|tar\.gz|\+x))?", fullmatch=True),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    st.integers(0, 10**13),
)
def test_the_files_keep_every_rule_that_is_suggested(names: list[str], size: int) -> None:
    """Whatever the files: a rule that people take up as it stands is not broken at once."""
    one = found(*names, size=size)
    given_rules = {key: yaml.safe_load(value) for key, value in proposed_files("d", one).rules}
    rules = FilesShape.model_validate(given_rules).rules
    listing = [ListedFile(name, size, f"{n:032x}") for n, name in enumerate(names)]
    kinds = sniffed(listing, {}, lambda wanted: {file.md5: b"text" for file in wanted})
    outcome = validate_files(Dataset(name="d", path="d", files=rules), listing, kinds)
    broken = {v.check.partition(":")[0] for v in outcome.violations if v.severity == "error"}
    assert broken <= {"kinds"}  # what is called a picture here is a text


def test_files_that_dvc_does_not_track_yet_are_taken_where_somebody_says_so(tmp_path: Path) -> None:
    """Whole folders and single files; what holds tables or outputs of DVC is left to them."""
    files = ("images/a/1.png", "images/2.png", "notes.txt", "tables/x.csv", "mixed/p.png")
    for name in (*files, "ignored/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    chosen = ["images", "notes.txt", "tables", "mixed", "ignored", "nowhere"]
    taken = ["tables/x.csv", "mixed"]
    tracked = frozenset({"images/2.png"})
    both = loose_files(tmp_path, files, tracked, chosen=chosen, taken=taken)
    assert [(one.path, one.names, one.in_git) for one in both] == [
        ("images", ("a/1.png", "2.png"), True), ("notes.txt", ("notes.txt",), False),
    ]  # fmt: skip
    assert all(one.untracked for one in both)
    assert [(one.profile.files, one.profile.bytes) for one in both] == [(2, 10), (1, 5)]

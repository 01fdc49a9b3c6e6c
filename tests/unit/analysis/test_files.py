"""Datasets of files: kinds, statistics, rules, and two versions compared."""

from __future__ import annotations

import hashlib
import time
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.files.compare import Listings, compare_files, file_changes
from datarelease.analysis.files.kinds import content_type
from datarelease.analysis.files.profile import profile_files
from datarelease.analysis.files.validate import PORTABLE, sniffed, validate_files
from datarelease.documents import DocumentError, decode_statistics, encode
from datarelease.model.data.dataset import Dataset, is_of_files
from datarelease.model.data.file_rules import FileRules
from datarelease.model.data.files import ListedFile
from datarelease.model.review.diff import Compatibility, FileCounts

PNG, JPEG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 20,
    b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 20,
)
MEGABYTE = 10**6


def listed(**contents: str) -> list[ListedFile]:
    """Files with these contents; in a name, ``__`` stands for a slash and ``_`` for a dot."""
    return [
        file(name.replace("__", "/").replace("_", "."), text) for name, text in contents.items()
    ]


def file(path: str, text: str) -> ListedFile:
    """A file with this content."""
    data = text.encode()
    return ListedFile(path, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())


# --- which is which


@pytest.mark.parametrize(
    ("names", "of_files"),
    [
        (["data.xml"], True),
        (["a.png", "b.png"], True),
        (["a.csv", "b.parquet"], True),
        (["a.csv"], False),
        (["p0.csv", "p1.csv", "_SUCCESS", ".part.crc"], False),
        (["p0.csv", "README.md"], False),
        (["a.csv", "_delta_log/00000000000000000000.json", "b.parquet"], False),
        ([], False),
    ],
)
def test_files_of_one_format_of_tables_are_a_table(names: list[str], *, of_files: bool) -> None:
    """What was a table before there were datasets of files is one still, and nothing else is."""
    assert is_of_files(Dataset(name="d", path="d"), names) is of_files


def test_a_declaration_decides() -> None:
    """`meta.files` makes files of CSV files; a key or schema leaves it to the reader of tables."""
    plain = Dataset(name="d", path="d")
    assert is_of_files(replace(plain, files=FileRules()), ["a.csv"])
    assert not is_of_files(replace(plain, key=("id",)), ["a.xml"])
    assert not is_of_files(replace(plain, schema="s.yaml"), ["a.xml"])


# --- kinds


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("a.PNG", JPEG, "image/jpeg"),
        ("a.png", b"<svg/>", "application/octet-stream"),
        ("a.png", b"", "application/octet-stream"),
        ("a.txt", b"BM is how bitmaps begin, and texts, too", "text/plain"),
        ("a.xml", b"<?xml version='1.0'?>", "application/xml"),
        ("a.docx", b"PK\x03\x04" + b"\0" * 100,
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a", b"\0\1\2", "application/octet-stream"),
        ("noending", PNG, "image/png"),
        ("a.txt", "ä".encode()[:1], "text/plain"),
    ],
)  # fmt: skip
def test_the_first_bytes_decide_and_texts_go_by_their_ending(
    name: str, head: bytes, kind: str
) -> None:
    """A name proves nothing where the bytes of its kind have a signature."""
    assert content_type(name, head) == kind


def test_equal_bytes_are_looked_at_once() -> None:
    """The head of a file is not read where its kind is known, nor twice for equal bytes."""
    files = [file("a.png", "x"), file("b.png", "x"), file("c.png", "y")]
    asked: list[str] = []

    def heads(wanted: Any) -> dict[str, bytes]:
        asked.extend(one.path for one in wanted)
        return {one.md5: PNG for one in wanted}

    kinds = sniffed(files, {}, heads)
    assert set(kinds.values()) == {"image/png"}
    assert len(asked) == 2
    assert sniffed(files, kinds, heads) == kinds
    assert len(asked) == 2


# --- statistics


def test_statistics_of_files() -> None:
    """Sizes, kinds, duplicates and folders, from paths, sizes and hashes."""
    found = profile_files(
        "d", listed(a__1_png="xx", a__2_png="xx", b__c__3_txt="xxx", e_txt="", f_txt="")
    )
    assert (found.files, found.bytes) == (5, 7)
    assert [(kind.type, kind.files, kind.bytes) for kind in found.kinds] == [
        ("text/plain", 3, 3), ("image/png", 2, 4),
    ]  # fmt: skip
    assert found.sizes is not None
    assert (found.sizes.min, found.sizes.median, found.sizes.max) == (0, 2, 3)
    assert [tuple(size) for size in found.bins] == [(0, 2), (2, 3)]
    duplicates = found.duplicates
    assert (duplicates.groups, duplicates.files, duplicates.bytes) == (1, 1, 2)
    assert [(f.path, f.files) for f in found.folders] == [("", 2), ("a", 2), ("b", 1)]
    assert (found.depth, found.deepest) == (2, ("b/c",))


LISTINGS = st.dictionaries(
    st.from_regex(r"[ab](/[ab])?/[0-9]{1,2}\.(png|txt|xml)", fullmatch=True),
    st.sampled_from(["", "x", "yy", "z" * 70, "q" * 3000]),
    max_size=25,
).map(lambda found: [file(path, text) for path, text in found.items()])


@given(LISTINGS, st.randoms())
def test_statistics_do_not_depend_on_the_order(files: list[ListedFile], random: Any) -> None:
    """Equal files give equal bytes, which are read again as the same statistics."""
    shuffled = list(files)
    random.shuffle(shuffled)
    found = profile_files("d", files)
    text = encode(found)
    assert text == encode(profile_files("d", shuffled))
    assert decode_statistics(text) == found
    for parts in (found.kinds, found.folders):
        assert sum(part.files for part in parts) == found.files
        assert sum(part.bytes for part in parts) == found.bytes
    assert sum(size.files for size in found.bins) == found.files


def test_twenty_thousand_files_are_described_quickly() -> None:
    """No statistic costs more than a pass or a sort; the bound is ten times what it takes."""
    files = [ListedFile(f"{n % 300}/{n}.png", n, f"{n:032x}") for n in range(20_000)]
    later = [replace_hash(one) if n % 7 == 0 else one for n, one in enumerate(files[100:])]
    begin = time.process_time()
    profile_files("d", files)
    file_changes(Listings(before=files, after=later))
    assert time.process_time() - begin < 5


def replace_hash(one: ListedFile) -> ListedFile:
    """The file with other bytes."""
    return one._replace(md5=hashlib.md5(one.md5.encode(), usedforsecurity=False).hexdigest())


# --- comparison


def changes(before: list[ListedFile], after: list[ListedFile]) -> list[tuple[str, str, str]]:
    """The changes as (kind, path, old path)."""
    found = file_changes(Listings(before=before, after=after))
    return [(change.kind, change.path, change.old_path) for change in found]


def test_files_are_paired_by_their_bytes() -> None:
    """A new file with the bytes of one that is gone is that file under another name."""
    before = listed(a__1_png="one", a__2_png="two", a__3_png="three", empty="")
    after = listed(b__1_png="one", a__2_png="TWO", a__4_png="four", a__5_png="four", nothing="")
    assert changes(before, after) == [
        ("removed", "a/3.png", ""),
        ("removed", "empty", ""),
        ("changed", "a/2.png", ""),
        ("renamed", "b/1.png", "a/1.png"),
        ("added", "a/4.png", ""),
        ("added", "a/5.png", ""),
        ("added", "nothing", ""),
    ]


def test_of_equal_files_those_of_the_same_name_are_paired_first() -> None:
    """Where several files have the same bytes, pairs are the same on every run."""
    before = listed(a__x_png="same", a__y_png="same")
    after = listed(b__y_png="same", b__a_png="same")
    assert changes(before, after) == [
        ("renamed", "b/a.png", "a/x.png"), ("renamed", "b/y.png", "a/y.png"),
    ]  # fmt: skip
    assert changes(before[:1], after) == [
        ("renamed", "b/a.png", "a/x.png"), ("added", "b/y.png", ""),
    ]  # fmt: skip


@given(LISTINGS, LISTINGS)
def test_changes_lead_from_the_old_files_to_the_new(
    before: list[ListedFile], after: list[ListedFile]
) -> None:
    """Each file is in one change or in none, and the counts add up on both sides."""
    found = file_changes(Listings(before=before, after=after))
    old, new = {f.path: f for f in before}, {f.path: f for f in after}
    for change in found:
        if change.kind == "renamed":
            assert old[change.old_path].md5 == new[change.path].md5
    gone = {c.old_path or c.path for c in found if c.kind in {"removed", "renamed"}}
    fresh = {c.path for c in found if c.kind in {"added", "renamed"}}
    changed = {c.path for c in found if c.kind == "changed"}
    assert gone == old.keys() - new.keys()
    assert fresh == new.keys() - old.keys()
    assert changed == {path for path in old.keys() & new.keys() if old[path].md5 != new[path].md5}
    diff = compared(before, after)
    assert diff.of_files is not None
    assert diff.of_files.counts == diff.files
    counts = diff.files
    assert counts.removed + counts.renamed + counts.changed + counts.unchanged == len(before)
    assert counts.added + counts.renamed + counts.changed + counts.unchanged == len(after)
    grown = diff.of_files.bytes_added - diff.of_files.bytes_removed
    assert grown == sum(f.size for f in after) - sum(f.size for f in before)
    assert sum(folder.bytes for folder in diff.of_files.folders) == grown
    assert bool(diff.of_files) is (before != after and bool(found))


def compared(before: list[ListedFile], after: list[ListedFile], **more: Any) -> Any:
    """The comparison of two listings."""
    listings = Listings(before=before, after=after)
    sides = profile_files("d", before), profile_files("d", after)
    return compare_files("d", *sides, listings=listings, **more)


@pytest.mark.parametrize(
    ("before", "after", "compatibility"),
    [
        ({"a_png": "x"}, {"a_png": "x", "b_png": "y"}, Compatibility.PATCH),
        ({"a_png": "x", "b_png": "y"}, {"a_png": "x"}, Compatibility.PATCH),
        ({"a_png": "x"}, {"b_png": "x"}, Compatibility.PATCH),
        ({"a_png": "x"}, {"a_png": "x", "b_jpg": "y"}, Compatibility.ADDITIVE),
        ({"a_png": "x", "b_jpg": "y"}, {"a_png": "x"}, Compatibility.BREAKING),
        ({"a_xml": "x"}, {"a_json": "x"}, Compatibility.BREAKING),
    ],
)
def test_kinds_are_what_readers_rely_on(
    before: dict[str, str], after: dict[str, str], compatibility: Compatibility
) -> None:
    """Files come and go as rows do; a new kind is additive, one that is gone breaks readers."""
    assert compared(listed(**before), listed(**after)).compatibility is compatibility


def test_a_stray_file_that_goes_breaks_nobody() -> None:
    """A kind that was less than a tenth of files and bytes is nothing that readers rely on."""
    pictures = [file(f"{n}.png", f"picture {n}") for n in range(30)]
    diff = compared([*pictures, file("Thumbs.db", "x")], pictures)
    assert diff.compatibility is Compatibility.PATCH
    assert [change.kind for change in diff.schema] == ["kind_removed"]


def test_rules_that_are_relaxed_are_additive() -> None:
    """A rule made is a patch; one that is dropped or another one allows what there was not."""
    files = listed(a_png="x")
    tight, loose = FileRules(kinds=("image/png",)), FileRules(kinds=("image/*",))
    assert compared(files, files, rules=(None, tight)).compatibility is Compatibility.PATCH
    assert compared(files, files, rules=(tight, loose)).compatibility is Compatibility.ADDITIVE
    assert compared(files, files, rules=(tight, None)).compatibility is Compatibility.ADDITIVE


def test_without_a_listing_statistics_are_compared() -> None:
    """Where the old files cannot be listed, the report says why, and what is known."""
    sides = (profile_files("d", listed(a_png="x")), profile_files("d", listed(b_png="yy")))
    diff = compare_files("d", *sides, no_comparison="no remote answers")
    assert diff.status == "changed"
    assert diff.files == FileCounts()
    assert diff.of_files is not None
    assert diff.of_files
    assert (diff.of_files.counts, diff.of_files.no_comparison) == (None, "no remote answers")


# --- rules


def checked(rules: FileRules | None, *files: ListedFile, **kinds: str) -> dict[str, Any]:
    """The failed checks by their rule: (count, total, examples)."""
    found = validate_files(Dataset(name="d", path="d", files=rules), files, kinds)
    assert found.passed is not any(v.severity == "error" for v in found.violations)
    return {
        v.check.partition(":")[0]: (v.count, v.total, [dict(row) for row in v.examples])
        for v in found.violations
    }


def test_every_failure_is_counted_and_ten_are_shown() -> None:
    """All rules are checked on all files, whatever else fails."""
    files = [file(f"x/{n}.PNG", "x" * 20) for n in range(25)]
    rules = FileRules(kinds=("image/png",), names=r"^[a-z0-9_]+\.png$", max_size=10)
    kinds = sniffed(files, {}, lambda wanted: {one.md5: JPEG for one in wanted})
    found = validate_files(Dataset(name="d", path="d", files=rules), files, kinds)
    told = [
        (v.check.partition(":")[0], v.count, v.total, len(v.examples)) for v in found.violations
    ]
    assert told == [
        ("kinds", 25, 25, 10), ("names", 25, 25, 10), ("max_size", 25, 25, 10),
    ]  # fmt: skip
    assert found.violations[0].examples[0] == (("file", "x/0.PNG"), ("kind", "image/jpeg"))
    assert (found.rows, found.checks, found.passed) == (25, 4, False)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        (r"^[a-z0-9_]+\.png$", "cat_1.png", True),
        (r"[a-z0-9_]+\.png", "cat_1.png.exe", False),
        (r"a|b", "ab", False),
        (r"cat\.png", "cat.png\n", False),
        (r"(?i)CAT\.png", "cat.PNG", True),
        (r"\w+\.png", "ключ.png", True),
    ],
)
def test_the_whole_name_matches(pattern: str, name: str, *, matches: bool) -> None:
    """A pattern is held against the name without its folders, from its start to its end."""
    found = checked(FileRules(names=pattern), file(f"some/folder/{name}", "x"))
    assert ("names" not in found) is matches


def test_no_pattern_keeps_a_check_busy() -> None:
    """What takes Python's `re` exponential time is linear here."""
    begin = time.process_time()
    found = checked(FileRules(names=r"(a+)+b"), file("a" * 250, "x"))
    assert found["names"][0] == 1
    assert time.process_time() - begin < 5


def test_names_that_some_file_systems_take_for_one_are_a_warning() -> None:
    """Names that differ in case or in Unicode form alone cannot be checked out everywhere."""
    composed, decomposed = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    found = validate_files(
        Dataset(name="d", path="d"),
        [file(name, "x") for name in ("a.png", "A.png", composed, decomposed, "b.png")],
        {},
    )
    [violation] = found.violations
    assert (violation.check, violation.severity, violation.count) == (PORTABLE, "warning", 2)
    assert found.passed


def test_statistics_of_files_and_of_tables_are_told_apart() -> None:
    """A document that is neither is an error that names what is wrong."""
    for text in ("[]", "null", "{", '{"files": 1}', '{"columns": {}}'):
        with pytest.raises(DocumentError):
            decode_statistics(text)

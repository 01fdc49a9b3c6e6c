"""The rules of `meta.files` put to the files of a dataset: how many break each, and examples.

Patterns run in Rust's `regex` (Pydantic has it), whose time is linear in pattern and text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError

from datarelease.analysis.files.kinds import content_type, kind_by_ending
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.file_rules import FileRules, is_of, whole
from datarelease.model.data.files import ListedFile
from datarelease.model.data.profile import Scalar
from datarelease.model.data.validation import (
    FILES_DECLARED,
    Validation,
    Violation,
)
from datarelease.model.review.report import EXAMPLES

ReadHeads = Callable[[Sequence[ListedFile]], Mapping[str, bytes]]
"""The first bytes of files, by their hash."""
PORTABLE = "names that every file system tells apart"
"""The check that is made of every dataset of files; what it finds is a warning."""
FailingFile = tuple[ListedFile, tuple[tuple[str, Scalar], ...]]
"""A file that breaks a rule, and what was found of it."""


def validate_files(
    dataset: Dataset, listing: Sequence[ListedFile], kinds: Mapping[str, str]
) -> Validation:
    """The outcome of the rules of ``dataset``; every failure is counted.

    Args:
        dataset: Whose ``files`` has the rules; None: there are none.
        listing: Its files.
        kinds: The content types of files by their hash and ending (see `sniffed`), where the rules
            ask for kinds.
    """
    found = failing_files(dataset, listing, kinds)
    return Validation(
        dataset=dataset.name,
        rows=len(listing),
        schema=FILES_DECLARED,
        checks=len(found),
        violations=tuple(
            _violation(check, failing, len(listing)) for check, failing in found.items() if failing
        ),
    )


def failing_files(
    dataset: Dataset, listing: Sequence[ListedFile], kinds: Mapping[str, str]
) -> dict[str, list[FailingFile]]:
    """Every file that breaks a rule, by rule; arguments are those of `validate_files`."""
    rules = dataset.files or FileRules()
    files = sorted(listing)
    found = {
        f"{rule}: {text}": list(_FAILING[rule](rules, files, kinds))
        for rule, text in rules.in_words.items()
    }
    return {**found, PORTABLE: list(_alike(files))}


def _violation(check: str, failing: Sequence[FailingFile], total: int) -> Violation:
    return Violation(
        column=None,
        check=check,
        reason="file_check",
        category="data",
        count=len(failing),
        total=total,
        examples=tuple((("file", file.path), *told) for file, told in failing[:EXAMPLES]),
        severity="warning" if check == PORTABLE else "error",
    )


def _of_other_kinds(
    rules: FileRules, files: Sequence[ListedFile], kinds: Mapping[str, str]
) -> Iterator[FailingFile]:
    for file in files:
        kind = kinds[kind_key(file)]
        if not is_of(kind, rules.kinds):
            yield file, (("kind", kind),)


def _of_other_names(
    rules: FileRules, files: Sequence[ListedFile], _: Mapping[str, str]
) -> Iterator[FailingFile]:
    matches = name_matcher(rules.names or "")
    for file in files:
        if not matches(file.path.rpartition("/")[2]):
            yield file, ()


def _too_large(
    rules: FileRules, files: Sequence[ListedFile], _: Mapping[str, str]
) -> Iterator[FailingFile]:
    for file in files:
        if rules.max_size is not None and file.size > rules.max_size:
            yield file, (("bytes", file.size),)


_FAILING: Mapping[
    str, Callable[[FileRules, Sequence[ListedFile], Mapping[str, str]], Iterator[FailingFile]]
] = {"kinds": _of_other_kinds, "names": _of_other_names, "max_size": _too_large}


def _alike(files: Sequence[ListedFile]) -> Iterator[FailingFile]:
    """Files whose paths some file systems take for one: they differ in case or in Unicode form."""
    found: dict[str, list[ListedFile]] = {}
    for file in files:
        found.setdefault(_folded(file.path), []).append(file)
    for same in found.values():
        for file in same[1:]:
            yield file, (("like", same[0].path),)


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def name_matcher(pattern: str) -> Callable[[str], bool]:
    r"""Whether a name matches ``pattern`` as a whole.

    >>> name_matcher(r"[a-z0-9_]+\.png")("cat_1.png"), name_matcher("a")("ab")
    (True, False)
    """
    text: TypeAdapter[Any] = TypeAdapter(
        Annotated[str, StringConstraints(pattern=whole(pattern), strict=True)]
    )

    def matches(name: str) -> bool:
        try:
            text.validate_python(name)
        except ValidationError:
            return False
        return True

    return matches


def kind_key(file: ListedFile) -> str:
    """What the content type of a file depends on: its bytes and, for texts, its ending."""
    return f"{file.md5} {kind_by_ending(file.path)}"


def sniffed(
    listing: Sequence[ListedFile], known: Mapping[str, str], heads: ReadHeads
) -> dict[str, str]:
    """The content type of each file by `kind_key`; heads of files in ``known`` are not read."""
    new = {key: file for file in listing if (key := kind_key(file)) not in known}
    read = heads(tuple(new.values())) if new else {}
    found = {key: content_type(file.path, read[file.md5]) for key, file in new.items()}
    return {kind_key(file): known.get(kind_key(file)) or found[kind_key(file)] for file in listing}

"""Datasets of files: listed, profiled, held against their rules, and compared."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from datarelease.analysis.files.compare import Listings, compare_files
from datarelease.analysis.files.kinds import HEAD
from datarelease.analysis.files.profile import profile_files
from datarelease.analysis.files.validate import sniffed, validate_files
from datarelease.analysis.memo import Memo
from datarelease.errors import WorldError
from datarelease.flows.check.known import keep, recall
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.dataset_at import DatasetAt
from datarelease.model.data import provenance
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FilesProfile, ListedFile, Statistics
from datarelease.model.data.profile import Profile
from datarelease.model.data.provenance import FILE_RULES, ReadFile
from datarelease.model.data.validation import Validation
from datarelease.model.review.diff import Compatibility, DatasetDiff, SchemaChange
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot
from datarelease.model.wording import plural

_KINDS = "kinds of files"
PlaceOf = Callable[[Sequence[ListedFile]], Mapping[str, Path]]
"""Brings files to this machine: where each is, by its hash. Raises WorldError."""


def list_files(
    ws: Workspace, dataset: Dataset, files: Sequence[DataFile]
) -> tuple[ListedFile, ...]:
    """Files of the work tree with their sizes; none is read.

    Raises:
        WorldError: A file is neither here nor on a remote.
    """
    sizes = ws.objects.local_sizes(file.md5 for file in files)
    if missing := [file for file in files if file.md5 not in sizes]:
        ws.adopt(dataset, missing)
        sizes |= ws.objects.sizes(file.md5 for file in missing)
    if lost := [file for file in files if file.md5 not in sizes]:
        ws.objects.ensure(file.md5 for file in lost)  # says which, and where they were looked for
    return tuple(ListedFile(file.path, sizes[file.md5], file.md5) for file in files)


def run_files_profile(
    dataset: Dataset, content: DatasetSnapshot, listing: Sequence[ListedFile], memo: Memo
) -> FilesProfile:
    """The statistics of the files of ``content``."""
    made_from = provenance.of_files_profile(dataset, content)
    known = recall(memo, FilesProfile, made_from)
    if known is not None:
        return known
    result = dataclasses.replace(profile_files(dataset.name, listing), made_from=made_from)
    keep(memo, result)
    return result


def run_files_validation(
    dataset: Dataset,
    content: DatasetSnapshot,
    listing: Sequence[ListedFile],
    place_of: PlaceOf,
    *,
    read: ReadFile,
    memo: Memo,
) -> Validation:
    """The outcome of the rules for the files of ``content``.

    Where the rules ask for kinds, the first bytes of each file are read, once for equal bytes.

    Raises:
        WorldError: They are needed, and the file is neither here nor on a remote.
    """
    made_from = provenance.of_validation(dataset, content, read)
    known = recall(memo, Validation, made_from)
    if known is not None:
        return known
    kinds = kinds_of_files(dataset, listing, place_of, memo)
    result = validate_files(dataset, listing, kinds)
    result = dataclasses.replace(result, made_from=made_from)
    keep(memo, result)
    return result


def kinds_of_files(
    dataset: Dataset, listing: Sequence[ListedFile], place_of: PlaceOf, memo: Memo
) -> Mapping[str, str]:
    """The content type of each file, where rules ask for kinds; those of last time are known."""
    if dataset.files is None or not dataset.files.kinds:
        return {}
    inputs = (("dataset", dataset.name), ("rules", str(FILE_RULES)))
    known: dict[str, str] = {}
    with suppress(ValueError):  # what is no JSON is not known
        found = json.loads(memo.get(_KINDS, inputs) or b"{}")
        known = {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def heads(files: Sequence[ListedFile]) -> dict[str, bytes]:
        return {md5: read_head(place) for md5, place in place_of(files).items()}

    kinds = sniffed(listing, known, heads)
    if kinds != known:
        memo.put(_KINDS, inputs, json.dumps(kinds, sort_keys=True).encode())
    return kinds


def read_head(place: Path) -> bytes:
    """The first bytes of a file; none of what is no regular file, which is not waited for."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, HEAD) if regular else b""
    finally:
        os.close(descriptor)


def compare_file_sides(
    before: tuple[DatasetAt, Statistics] | None,
    after: tuple[DatasetAt, Statistics] | None,
    *,
    identical: bool,
) -> DatasetDiff:
    """What changed in a dataset that is one of files on one side at least; None: it was not there.

    Raises:
        ValueError: It was there on neither side.
    """
    present = after or before
    if present is None:
        raise ValueError("a dataset must exist before or after the change")
    name = present[0].dataset.name
    old, new = (side[1] if side else None for side in (before, after))
    if isinstance(old, Profile) or isinstance(new, Profile):
        return _of_another_form(name, old, new)
    if before is None or after is None or identical:
        rules = tuple(side[0].dataset.files if side else None for side in (before, after))
        return compare_files(name, old, new, rules=(rules[0], rules[1]), identical=identical)
    listings, why = None, ""
    try:
        listings = Listings(before=before[0].listing(), after=after[0].listing())
    except WorldError as error:
        why = f"the files of {before[0].label} cannot be listed: {error.what}"
    return compare_files(
        name,
        old,
        new,
        rules=(before[0].dataset.files, after[0].dataset.files),
        listings=listings,
        no_comparison=why,
    )


def _of_another_form(name: str, old: Statistics | None, new: Statistics | None) -> DatasetDiff:
    """A table became files, or the reverse: nothing of the two can be compared."""
    files = compare_files(
        name,
        old if isinstance(old, FilesProfile) else None,
        new if isinstance(new, FilesProfile) else None,
    ).of_files
    words = [
        plural(side.files, "file") if isinstance(side, FilesProfile) else "a table"
        for side in (old, new)
        if side is not None
    ]
    change = SchemaChange(
        kind="form",
        column=None,
        before=words[0],
        after=words[-1],
        compatibility=Compatibility.BREAKING,
    )
    return DatasetDiff(
        name=name,
        status="changed",
        rows_before=old.rows if isinstance(old, Profile) else None,
        rows_after=new.rows if isinstance(new, Profile) else None,
        schema=(change,),
        of_files=files if isinstance(new, FilesProfile) else None,
    )

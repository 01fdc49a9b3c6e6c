"""The tables that a repository holds: among DVC's outputs, or in git where DVC has none."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.dvc.files import tracked_files
from datarelease.adapters.dvc.index import IndexedOutput, Inventory
from datarelease.analysis.engine.csv.structure import with_structure
from datarelease.analysis.engine.partitions import folders
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.errors import ConfigError, DatareleaseError
from datarelease.flows.cache import Objects
from datarelease.flows.versions.dataset_at import as_table
from datarelease.model.adoption import Note
from datarelease.model.data.dataset import (
    LOGGED_REMEDY,
    Dataset,
    LoggedTable,
    logged_table,
)
from datarelease.model.data.table_format import table_format, without_suffix
from datarelease.model.paths import within
from datarelease.model.versions.snapshot import TREE, WHOLE, Entry

_MOST_FILES = 20
"""Of a directory whose files are not parts of one table, as many become datasets."""
_PASSED_OVER = frozenset(
    {
        "tests", "test", "fixtures", "docs", "doc", "examples", "example", "node_modules", "venv",
        "site-packages", "reports",
    }
)  # fmt: skip
"""Folders whose tables are not the repository's data, where DVC does not say which are."""
NOT_MADE = "it does not exist yet: run `dvc repro`, then run `datarelease init` again"
"""Why an output is left out that its stage has not made."""
_MARKERS = re.compile(r"[._].*|.*\.(crc|md|txt)|readme.*", re.IGNORECASE)
"""Files beside parts that say nothing against their being parts of one table."""


@dataclass(frozen=True, kw_only=True)
class FoundTable:
    """A table that could be a dataset."""

    path: str
    """Relative to the repository, with forward slashes."""
    origin: str
    table: Table
    untracked: bool = False
    """DVC does not know it yet."""
    in_git: bool = False


def tracked_tables(
    root: Path,
    known: Inventory,
    objects: Objects,
    engine: Engine,
    complete: Iterable[str],
) -> tuple[tuple[FoundTable, ...], tuple[Note, ...]]:
    """The tables among DVC's outputs, and the outputs left out with the reason.

    ``complete`` are the paths of datasets that lack nothing: their data is not asked for.
    """
    done = tuple(complete)
    found: list[FoundTable] = []
    left_out: list[Note] = []
    for out in known.outputs:
        is_tree = bool(out.md5 and out.md5.endswith(TREE)) or (root / out.path).is_dir()
        if (
            out.measured
            or any(within(out.path, path) for path in known.shown)
            or any(within(path, out.path) for path in done)
            or not (is_tree or table_format(out.path))
        ):
            continue
        origin = f"made by the stage {out.address}" if out.stage else "added with dvc add"
        try:
            refuse_unusable(out)
            files = _files(root, out, objects, known.shown)
            tables, unread = _tables(out.path, origin, files, engine, whole=is_tree)
            found += tables
            left_out += unread
        except (DatareleaseError, UnreadableTable) as error:
            what = out.path if out.path.isprintable() else repr(out.path)
            why = error.what if isinstance(error, DatareleaseError) else str(error)
            left_out.append(Note(what=what, why=why))
    return tuple(found), tuple(left_out)


def loose_tables(
    root: Path, files: Iterable[str], tracked: frozenset[str]
) -> tuple[FoundTable, ...]:
    """The tables among ``files``; ``tracked`` are those that git holds.

    Numbered files of one name in one folder that holds nothing else are parts of one table, and
    so are the files in partition folders (``key=value``) that are in one folder.
    """
    listed = sorted(set(files))
    grouped: dict[str, list[str]] = {}
    for path in listed:
        grouped.setdefault(_whole(path), []).append(path)
    found = []
    for folder, paths in grouped.items():
        tables = [path for path in paths if table_format(path) and _is_data(path, root)]
        alone = len(tables) == len(paths) > 1
        if folder and (_partitioned(folder, paths, tables) or (alone and _like_parts(tables))):
            found.append(_loose(root, folder, tables, tracked))
        else:
            found += [_loose(root, path, [path], tracked) for path in tables]
    return tuple(found)


def logged_tables(files: Sequence[str]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """The files that belong to no Delta, Iceberg or Hudi table, and what to do about each one."""
    notes = []
    while logged := logged_table(files):
        inside = f"{logged.folder}/" if logged.folder else ""
        notes.append(_logged(logged.folder or ".", logged))
        files = [path for path in files if not path.startswith(inside)]
    return tuple(files), tuple(notes)


def _logged(path: str, logged: LoggedTable) -> Note:
    remedy = LOGGED_REMEDY[0].lower() + LOGGED_REMEDY[1:].rstrip(".")
    return Note(what=path, why=f"{logged.reason}; {remedy}")


def _whole(path: str) -> str:
    """The folder of the table that a file is a part of: above all partition folders."""
    above = posixpath.dirname(path).split("/")
    depth = next((n for n, name in enumerate(above) if folders(f"{name}/x")), len(above))
    return "/".join(above[:depth]) or posixpath.dirname(path)


def _partitioned(folder: str, paths: Sequence[str], tables: Sequence[str]) -> bool:
    """All files in ``folder`` are parts in partition folders, or say nothing against it."""
    rest = [path for path in paths if path not in tables]
    return (
        bool(tables)
        and all(folders(path.removeprefix(f"{folder}/")) for path in tables)
        and all(_MARKERS.fullmatch(posixpath.basename(path)) for path in rest)
    )


def _loose(root: Path, path: str, files: Sequence[str], tracked: frozenset[str]) -> FoundTable:
    names = {posixpath.relpath(f, path) if f != path else posixpath.basename(f): f for f in files}
    in_git = not tracked.isdisjoint(files)
    return FoundTable(
        path=path,
        origin="tracked by git until now" if in_git else "not tracked until now",
        table=as_table(
            Dataset(name=path, path=path), {name: root / file for name, file in names.items()}
        ),
        untracked=True,
        in_git=in_git,
    )


def _is_data(path: str, root: Path) -> bool:
    place = root / path
    folders = path.split("/")[:-1]
    return (
        path.isprintable()
        and not any(part.lower() in _PASSED_OVER or part.startswith(".") for part in folders)
        and place.is_file()
        and not place.is_symlink()
    )


def refuse_unusable(out: IndexedOutput) -> None:
    """Fail for an output that cannot be released, with the reason.

    Raises:
        ConfigError: It cannot.
    """
    reasons = {
        "its path has characters that dvc.yaml cannot contain": (
            not out.path.isprintable() or "${" in out.path
        ),
        "git keeps it, not DVC (cache: false)": not out.cached,
        "DVC does not push it (push: false), and a version must be on a remote": not out.pushed,
        "it was imported from another DVC repository, which releases it": out.foreign,
        (
            "it was hashed by DVC 2: run `dvc cache migrate --dvc-files`, then run "
            "`datarelease init` again"
        ): out.legacy,
        NOT_MADE: out.md5 is None,
    }
    for reason, applies in reasons.items():
        if applies:
            raise ConfigError(reason)


def _files(
    root: Path, out: IndexedOutput, objects: Objects, shown: frozenset[str]
) -> Mapping[str, Path]:
    """The table files of an output, by their name inside it: in the work tree, or fetched."""

    def is_shown(name: str) -> bool:
        return any(within(f"{out.path}/{name}", other) for other in shown)

    place = root / out.path
    if place.is_symlink() and not place.exists():
        raise ConfigError("it is a link whose target does not exist")
    if place.is_file():
        return {place.name: place}
    if place.is_dir():
        listed = tracked_files(root, out.path).files
        return {name: file for name, file in listed.items() if not is_shown(name)}
    name = WHOLE if str(out.md5).endswith(TREE) else place.name
    entries = objects.files(Entry(path=name, md5=str(out.md5), size=out.size))
    kept = [file for file in entries if not is_shown(file.path)]
    objects.ensure(file.md5 for file in kept if table_format(file.path))
    return {file.path: objects.path(file.md5) for file in kept}


def _tables(
    path: str, origin: str, files: Mapping[str, Path], engine: Engine, *, whole: bool
) -> tuple[list[FoundTable], list[Note]]:
    """One table, or each file of a directory whose files are not parts of one.

    Raises:
        UnreadableTable: The one table is none.
        ConfigError: The files are not parts of one, and too many to be each on its own.
    """
    tables = {name: place for name, place in files.items() if table_format(name)}
    others = [name for name in files if name not in tables and not is_marker(name)]
    if not tables:
        return [], []
    if logged := logged_table(files):
        raise ConfigError(_logged(path, logged).why)
    alike = not others and len({table_format(name) for name in tables}) == 1
    if alike or not whole:
        try:
            return [FoundTable(path=path, origin=origin, table=_checked(path, tables, engine))], []
        except UnreadableTable:
            if not whole or _like_parts(tables) or any(map(folders, tables)):
                raise
    if len(tables) > _MOST_FILES:
        raise ConfigError(f"its {len(tables)} files are not parts of one table")
    found, unread = [], []
    for name, place in sorted(tables.items()):
        inside = f"{path}/{name}"
        try:
            table = _checked(inside, {posixpath.basename(name): place}, engine)
            found.append(FoundTable(path=inside, origin=origin, table=table))
        except UnreadableTable as error:
            unread.append(Note(what=inside, why=error.reason))
    return found, unread


def _like_parts(names: Iterable[str]) -> bool:
    """The names differ in their numbers alone."""
    return len({re.sub(r"[0-9]+", "#", posixpath.basename(name)) for name in names}) == 1


def _checked(path: str, files: Mapping[str, Path], engine: Engine) -> Table:
    table = with_structure(as_table(Dataset(name=path, path=path), files))
    engine.columns(table)
    return table


def is_marker(name: str) -> bool:
    """A file that says nothing against the others' being parts of one table."""
    return _MARKERS.fullmatch(name.rpartition("/")[2]) is not None


def names_of(paths: Sequence[str], taken: Iterable[str]) -> dict[str, str]:
    """A name for each path that DVC and we allow, unlike all others and those ``taken``.

    >>> names_of(["data/Train Set.csv", "raw/a.csv", "b/a.csv"], ["train-set"])
    {'data/Train Set.csv': 'data-train-set', 'raw/a.csv': 'a', 'b/a.csv': 'b-a'}
    """
    used = {name.lower() for name in taken}
    names: dict[str, str] = {}
    for path in paths:
        parts = [part for part in map(_slug, without_suffix(path).split("/")) if part]
        choices = ["-".join(parts[-count:]) for count in range(1, len(parts) + 1)]
        choices = [c if c[0].isalpha() else f"data-{c}" for c in choices] or ["dataset"]
        choices += [f"{choices[0]}-{number}" for number in range(2, len(used) + 3)]
        names[path] = next(name for name in choices if name not in used)
        used.add(names[path])
    return names


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
